/**
 * Formats a chat by a model's Jinja template, so that message text can never act as a control token. The template sees
 * the real messages, since many templates search or trim them. Only the texts of control tokens are replaced by marks
 * that cannot be guessed. Parts of them are replaced too, if text that the template adds or removes would complete
 * them. Then the formatted text is split: control tokens count in the template's parts and not in the marked ones.
 */
import { isDeepStrictEqual } from "node:util";
import { ServeError } from "../../base/errors.ts";
import { chatTexts } from "../chat-texts.ts";
import type { ChatInput } from "../engine.ts";
import { type CallStyle, chatValues, type See } from "./chat-values.ts";
import type { Care, ControlTokens, Range } from "./control-tokens.ts";
import { parseTemplate, Refusal, renderTemplate } from "./jinja/index.ts";
import type { Node, Value } from "./jinja/index.ts";
import { Marks, type TextPart } from "./marks.ts";

/** How a chat is formatted. */
interface LayOutOptions {
  /** End of the time limit, by the template's clock. */
  readonly until?: number;
  /** Truncates long messages first: this many characters are kept at each end, as templates examine both. */
  readonly keep?: number;
  /** Whether the text ends with what tells the model to answer. Default true. */
  readonly generationPrompt?: boolean;
}

export type LayOut = (chat: ChatInput, options?: LayOutOptions) => readonly TextPart[];

export interface TemplateOptions {
  /** Texts that message text must not be read as. */
  readonly controls: ControlTokens;
  /** The special tokens by transformers' names, such as `bos_token`. */
  readonly tokens: Readonly<Record<string, string>>;
  /** How it wants tool calls. */
  readonly style: CallStyle;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** The wall clock, for templates that write the date. */
  readonly today: () => Date;
}

const maxTemplateLength = 262_144;
/** Limit per chat, however often it is formatted. */
export const maxLayOutMs = 1_000;
// Allowance for the template's own text, in addition to a few repetitions of the messages.
const maxOwnLength = 1_048_576;
const mostRepeats = 4;
/** Maximum marked ranges per chat. Beyond it, ranges are merged with the text between them. */
const mostHidden = 16_384;

/** The time limit of the chat has passed. */
class OutOfTime extends Error {
  override readonly name = "OutOfTime";
}

/** A parsed template and its source. */
export interface ChatTemplate {
  readonly source: string;
  readonly body: readonly Node[];
}

/** Parses a template. Throws a plain Error if it cannot be parsed. */
export function readTemplate(source: string): ChatTemplate {
  if (source.length > maxTemplateLength) {
    throw new Error(`the chat template is longer than ${maxTemplateLength} characters`);
  }
  try {
    return { source, body: parseTemplate(source) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "unknown";
    throw new Error(`the chat template cannot be parsed: ${why}`, { cause });
  }
}

/** Formatting by a parsed template. */
export function layOutWith(template: ChatTemplate, options: TemplateOptions): LayOut {
  const { controls, now } = options;
  return (chat, { until = now() + maxLayOutMs, keep = Infinity, generationPrompt = true } = {}) => {
    const check = (): void => {
      if (now() >= until) throw new OutOfTime("the chat takes too long");
    };
    const found = (care: Care): Found => {
      const all: (readonly (readonly Range[])[])[] = [];
      chatValues(chat, options.style, (text, kind) => {
        check();
        // A template looks keys up, so parts of control tokens are left in them.
        const most = kind === "key" ? "whole" : care;
        all.push(piecesOf(text, kind, keep).map((piece) => controls.find(piece, most)));
        return text;
      });
      return all;
    };
    const lay = (ranges: Found): readonly TextPart[] => {
      const marks = new Marks();
      const values = chatValues(chat, options.style, hiding(ranges, { marks, keep }));
      if (chat.continueLast !== true) return marks.split(rendered(generationPrompt, values));
      const text = marks.upToEnd(rendered(false, endedBy(marks.end(), values)));
      if (text === undefined) throw new Refusal(dropsLast);
      return marks.split(text);
    };
    const rendered = (hasGenerationPrompt: boolean, values: Values): string => {
      const own = {
        ...options.tokens,
        documents: null,
        add_generation_prompt: hasGenerationPrompt,
      };
      return render(template.body, { ...values, ...own }, { ...options, check, chat });
    };
    try {
      return layCarefully(controls, found, lay);
    } catch (thrown) {
      throw refusal(thrown, template.source);
    }
  };
}

type Values = Readonly<Record<string, Value>>;

/** Ranges found in each piece of each text. */
type Found = readonly (readonly (readonly Range[])[])[];

const dropsLast = "it drops the last message, which cannot be continued";

const piecesOf = (text: string, kind: Parameters<See>[1], keep: number): readonly string[] =>
  kind === "content" ? shortened(text, keep) : [text];

/** Replaces the ranges in each text by marks. */
function hiding(
  ranges: Found,
  { marks, keep }: { readonly marks: Marks; readonly keep: number },
): See {
  const most = Math.max(1, Math.floor(mostHidden / Math.max(1, ranges.length)));
  let place = 0;
  return (text, kind) => {
    const own = ranges[place] ?? [];
    place += 1;
    const pieces = piecesOf(text, kind, keep).map((piece, index) => {
      return marks.hide(piece, together(own[index] ?? [], most));
    });
    return pieces.join(marks.cut());
  };
}

/** Puts a mark behind the last message. */
function endedBy(end: string, { messages, ...values }: Values): Values {
  const all = messages as readonly ReadonlyMap<string, Value>[];
  const last = new Map(all.at(-1));
  const content = last.get("content");
  last.set("content", (typeof content === "string" ? content : "") + end);
  return { ...values, messages: [...all.slice(0, -1), last] };
}

function shortened(content: string, keep: number): readonly string[] {
  if (content.length <= 2 * keep) return [content];
  return [content.slice(0, keep), content.slice(-keep)];
}

/**
 * A part of a control token is hidden only if it would become one, since a template may search for it. So the chat is
 * formatted again with more of it hidden, and that result is used if it is tokenized differently.
 */
function layCarefully(
  controls: ControlTokens,
  found: (care: Care) => Found,
  lay: (ranges: Found) => readonly TextPart[],
): readonly TextPart[] {
  let ranges = found("whole");
  let parts = lay(ranges);
  for (const care of ["edges", "bounds"] as const) {
    const more = found(care);
    if (isDeepStrictEqual(ranges, more)) continue;
    ranges = more;
    const careful = lay(more);
    if (!isDeepStrictEqual(trustedIn(parts, controls), trustedIn(careful, controls))) {
      parts = careful;
    }
  }
  return parts;
}

/** The control tokens for tokenizing a formatted chat. */
function trustedIn(parts: readonly TextPart[], controls: ControlTokens): readonly string[] {
  return parts.flatMap(({ text, trusted }) => (trusted ? controls.in(text) : []));
}

/** Limits the number of ranges: neighbours are merged if there are more. */
function together(ranges: readonly Range[], most: number): readonly Range[] {
  if (ranges.length <= most) return ranges;
  const size = Math.ceil(ranges.length / most);
  return Array.from({ length: Math.ceil(ranges.length / size) }, (_, index) => {
    const group = ranges.slice(index * size, (index + 1) * size);
    return { start: group[0]?.start ?? 0, end: group.at(-1)?.end ?? 0 };
  });
}

interface RenderOptions extends TemplateOptions {
  readonly check: () => void;
  readonly chat: ChatInput;
}

function render(
  template: readonly Node[],
  values: Values,
  { check, today, chat }: RenderOptions,
): string {
  const longest = maxOwnLength + mostRepeats * lengthOf(chat);
  const text = renderTemplate(template, values, { longest, check, today });
  check();
  return text;
}

const lengthOf = (chat: ChatInput): number =>
  chatTexts(chat).reduce((sum, { length }) => sum + length, 0);

/** A template may reject messages by `raise_exception`. Its message is shown if it is the template's own. */
function refusal(thrown: unknown, source: string): ServeError {
  if (thrown instanceof OutOfTime) {
    const message =
      "the chat takes too long to lay out: send fewer or shorter messages, or try again when the server is less busy";
    return new ServeError("CHAT_TOO_SLOW", message, { cause: thrown });
  }
  const isOwn =
    thrown instanceof Refusal &&
    thrown.message.length < 200 &&
    (source.includes(thrown.message) || thrown.message === dropsLast);
  const description =
    isOwn && thrown.message !== ""
      ? `the model's chat template refuses them: ${thrown.message}`
      : "the model's chat template refuses them";
  return new ServeError("FIELD_INVALID", `chat.messages: ${description}`, {
    violations: [{ field: "chat.messages", reason: "UNSUPPORTED", description }],
    cause: thrown,
  });
}
