/** Stands in for texts of callers while a template formats a chat, so that they are told from the template's own text. */
import { randomInt } from "node:crypto";
import type { Range } from "./control-tokens.ts";
import { jsonEscaped } from "./jinja/index.ts";

/** A part of formatted text. */
export interface TextPart {
  readonly text: string;
  /** Whether control tokens in it count. */
  readonly trusted: boolean;
  /** Set if a truncated message continues here. */
  readonly cut?: boolean;
}

/** Replaces hidden text while a template formats it. */
export class Marks {
  // Digits only, so that a template that changes case does no harm.
  readonly #nonce = String(randomInt(2 ** 47));
  readonly #hidden: string[] = [];

  /** Replaces the part that was cut from a message. */
  cut(): string {
    return `\uE000${this.#nonce}:-\uE001`;
  }

  /** Stands where the last message ends. The space tells whether the template trims messages. */
  end(): string {
    return `\uE000${this.#nonce}:.\uE001 `;
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

  /** The text up to the mark of the end, as transformers' `continue_final_message` has it. Undefined without the mark. */
  upToEnd(text: string): string | undefined {
    const mark = this.end();
    const at = text.lastIndexOf(mark.trimEnd());
    if (at === -1) return undefined;
    const before = text.slice(0, at);
    return text.startsWith(mark, at) ? before : before.trimEnd();
  }

  split(text: string): readonly TextPart[] {
    // The pattern's groups make a mark two parts of three: its number, and how often it was written as JSON.
    const parts = text.split(new RegExp(`\uE000${this.#nonce}:(\\d+|-)(j*)\uE001`));
    const all: TextPart[] = [];
    for (let at = 0; at < parts.length; at += 3) {
      all.push({ text: parts[at] ?? "", trusted: true });
      const [mark, levels = ""] = parts.slice(at + 1);
      if (mark === "-") all.push({ text: "", trusted: false, cut: true });
      else if (mark !== undefined) all.push({ text: this.#shown(mark, levels), trusted: false });
    }
    return all.filter((part) => part.text !== "" || part.cut === true);
  }

  #shown(mark: string, levels: string): string {
    let text = this.#hidden[Number(mark)] ?? "";
    for (let level = 0; level < levels.length; level += 1) text = jsonEscaped(text);
    return text;
  }
}
