/**
 * Lays out a chat by a model's Jinja template, so that what a message says can never act as a control
 * token. The template sees the real messages, as many of them look inside or trim; only the texts of
 * control tokens are hidden from it behind marks that no caller can guess, and parts of them where
 * what the template puts beside a message, or takes out of it, would make a whole. The laid-out text is then
 * taken apart: in the template's parts control tokens are meant, in the hidden ones they are not.
 */
import { randomInt } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { ServeError } from "../../base/errors.ts";
import type { ChatMessage } from "../engine.ts";
import type { Care, ControlTokens, Range } from "./control-tokens.ts";
import { parseTemplate, Refusal, renderTemplate } from "./jinja/index.ts";
import type { Node } from "./jinja/index.ts";

/** A stretch of laid-out text. */
export interface TextPart {
  readonly text: string;
  /** Whether control tokens in it are meant. */
  readonly trusted: boolean;
  /** Set where a message goes on that was cut short. */
  readonly cut?: boolean;
}

/** How a chat is laid out. */
interface LayOutOptions {
  /** When time runs out, by the template's clock. */
  readonly until?: number;
  /** Cuts long messages first: so many characters are kept of each end, as templates look at both. */
  readonly keep?: number;
}

export type LayOut = (
  messages: readonly ChatMessage[],
  options?: LayOutOptions,
) => readonly TextPart[];

export interface TemplateOptions {
  /** What callers' text must not be taken for. */
  readonly controls: ControlTokens;
  /** The special tokens by the names that transformers gives them, such as `bos_token`. */
  readonly tokens: Readonly<Record<string, string>>;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** The wall clock, for templates that write the date. */
  readonly today: () => Date;
}

const maxTemplateLength = 262_144;
/** For one chat, however often it is laid out. */
export const maxLayOutMs = 1_000;
// What a template may write beside what it repeats of the messages, a few times over.
const maxOwnLength = 1_048_576;
const mostRepeats = 4;
/** Stretches hidden in one chat: more are hidden together with what lies between them. */
const mostHidden = 16_384;

/** The time for a chat has run out. */
class OutOfTime extends Error {
  override readonly name = "OutOfTime";
}

/** A parsed template, and what it was parsed from. */
export interface ChatTemplate {
  readonly source: string;
  readonly body: readonly Node[];
}

/** Parses a template. Throws a plain Error for one that cannot be. */
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

/** How a parsed template lays chats out. */
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

/** What is found in each piece of each message. */
type Found = readonly (readonly (readonly Range[])[])[];

function shortened(content: string, keep: number): readonly string[] {
  if (content.length <= 2 * keep) return [content];
  return [content.slice(0, keep), content.slice(-keep)];
}

/**
 * What could be part of a control token is hidden only where it would become one, as a template may
 * look for it. So a chat is laid out again with more of it hidden, and this is taken where it is read otherwise.
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

/** The control tokens that a laid-out chat is read with. */
function trustedIn(parts: readonly TextPart[], controls: ControlTokens): readonly string[] {
  return parts.flatMap(({ text, trusted }) => (trusted ? controls.in(text) : []));
}

/** At most so many ranges: neighbours are taken together where there are more. */
function together(ranges: readonly Range[], most: number): readonly Range[] {
  if (ranges.length <= most) return ranges;
  const size = Math.ceil(ranges.length / most);
  return Array.from({ length: Math.ceil(ranges.length / size) }, (_, index) => {
    const group = ranges.slice(index * size, (index + 1) * size);
    return { start: group[0]?.start ?? 0, end: group.at(-1)?.end ?? 0 };
  });
}

/** Stands for hidden text while a template lays it out. */
class Marks {
  // Digits only, so that a template that changes case does no harm.
  readonly #nonce = String(randomInt(2 ** 47));
  readonly #hidden: string[] = [];

  /** Stands for what was cut away of a message. */
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
    // The pattern's group makes every second part a mark's number.
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

/** Gives a template what transformers gives it. */
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

/** A template may refuse messages by `raise_exception`; its words are shown if they are its own. */
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
