/**
 * Formats a chat by a model's Jinja template, so that message text can never act as a control token. The template sees
 * the real messages, since many templates search or trim them. Only the texts of control tokens are replaced by marks
 * that cannot be guessed. Parts of them are replaced too, if text that the template adds or removes would complete
 * them. Then the formatted text is split: control tokens count in the template's parts and not in the marked ones.
 */
import { randomInt } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { ServeError } from "../../base/errors.ts";
import type { ChatMessage } from "../engine.ts";
import type { Care, ControlTokens, Range } from "./control-tokens.ts";
import { parseTemplate, Refusal, renderTemplate } from "./jinja/index.ts";
import type { Node } from "./jinja/index.ts";

/** A part of formatted text. */
export interface TextPart {
  readonly text: string;
  /** Whether control tokens in it count. */
  readonly trusted: boolean;
  /** Set if a truncated message continues here. */
  readonly cut?: boolean;
}

/** How a chat is formatted. */
interface LayOutOptions {
  /** End of the time limit, by the template's clock. */
  readonly until?: number;
  /** Truncates long messages first: this many characters are kept at each end, as templates examine both. */
  readonly keep?: number;
}

export type LayOut = (
  messages: readonly ChatMessage[],
  options?: LayOutOptions,
) => readonly TextPart[];

export interface TemplateOptions {
  /** Texts that message text must not be read as. */
  readonly controls: ControlTokens;
  /** The special tokens by transformers' names, such as `bos_token`. */
  readonly tokens: Readonly<Record<string, string>>;
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
  return (messages, { until = now() + maxLayOutMs, keep = Infinity } = {}) => {
    const check = (): void => {
      if (now() >= until) throw new OutOfTime("the chat takes too long");
    };
    const most = Math.max(1, Math.floor(mostHidden / Math.max(1, messages.length)));
    const kept = messages.map(({ role, content }) => ({ role, pieces: shortened(content, keep) }));
    const found = (care: Care) =>
      kept.map(({ pieces }) =>
        pieces.map((piece) => {
          check();
          return controls.find(piece, care);
        }),
      );
    const lay = (ranges: Found): readonly TextPart[] => {
      const marks = new Marks();
      const hidden = kept.map(({ role, pieces }, at) => {
        const seen = pieces.map((piece, index) => {
          return marks.hide(piece, together(ranges[at]?.[index] ?? [], most));
        });
        return { role, content: seen.join(marks.cut()) };
      });
      const text = render(template.body, hidden, { ...options, check });
      check();
      return marks.split(text);
    };
    try {
      return layCarefully(controls, found, lay);
    } catch (thrown) {
      throw refusal(thrown, template.source);
    }
  };
}

/** Ranges found in each piece of each message. */
type Found = readonly (readonly (readonly Range[])[])[];

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

/** Replaces hidden text while a template formats it. */
class Marks {
  // Digits only, so that a template that changes case does no harm.
  readonly #nonce = String(randomInt(2 ** 47));
  readonly #hidden: string[] = [];

  /** Replaces the part that was cut from a message. */
  cut(): string {
    return `\uE000${this.#nonce}:-\uE001`;
  }

  hide(text: string, ranges: readonly Range[]): string {
    let rest = 0;
    const pieces: string[] = [];
    for (const { start, end } of ranges) {
      const number = this.#hidden.push(text.slice(start, end)) - 1;
      pieces.push(text.slice(rest, start), `\uE000${this.#nonce}:${number}\uE001`);
      rest = end;
    }
    return pieces.join("") + text.slice(rest);
  }

  split(text: string): readonly TextPart[] {
    // The pattern's group makes every second part the number of a mark.
    const parts = text.split(new RegExp(`\uE000${this.#nonce}:(\\d+|-)\uE001`));
    return parts
      .map((part, index): TextPart => {
        if (index % 2 === 0) return { text: part, trusted: true };
        if (part === "-") return { text: "", trusted: false, cut: true };
        return { text: this.#hidden[Number(part)] ?? "", trusted: false };
      })
      .filter((part) => part.text !== "" || part.cut === true);
  }
}

/** Provides a template with transformers' variables and functions. */
function render(
  template: readonly Node[],
  messages: readonly ChatMessage[],
  { tokens, check, today }: TemplateOptions & { readonly check: () => void },
): string {
  const given = messages.reduce((sum, { content }) => sum + content.length, 0);
  const values = { ...tokens, messages, tools: null, documents: null, add_generation_prompt: true };
  return renderTemplate(template, values, {
    longest: maxOwnLength + mostRepeats * given,
    check,
    today,
  });
}

/** A template may reject messages by `raise_exception`. Its message is shown if it is the template's own. */
function refusal(thrown: unknown, source: string): ServeError {
  if (thrown instanceof OutOfTime) {
    const message =
      "the chat takes too long to lay out: send fewer or shorter messages, or try again when the server is less busy";
    return new ServeError("CHAT_TOO_SLOW", message, { cause: thrown });
  }
  const isOwn =
    thrown instanceof Refusal && thrown.message.length < 200 && source.includes(thrown.message);
  const description =
    isOwn && thrown.message !== ""
      ? `the model's chat template refuses them: ${thrown.message}`
      : "the model's chat template refuses them";
  return new ServeError("FIELD_INVALID", `chat.messages: ${description}`, {
    violations: [{ field: "chat.messages", reason: "UNSUPPORTED", description }],
    cause: thrown,
  });
}
