/** Texts of a format in llguidance's Lark: markers in them are control tokens where the vocabulary has them so. */
import type { GrammarOptions } from "./format.ts";
import { pattern } from "./grammar.ts";

export class Spelling {
  readonly #marker: (text: string) => string;
  readonly #split: RegExp;

  constructor(options: GrammarOptions, markers: readonly string[]) {
    this.#marker = options.marker;
    const all = markers.toSorted((a, b) => b.length - a.length).map((text) => pattern(text));
    this.#split = new RegExp(`(${all.join("|")})`);
  }

  /** A text as it stands there, which may contain markers. */
  literal(text: string): string {
    return this.#parts(text)
      .map((part) => (part.startsWith("<[") ? part : JSON.stringify(part)))
      .join(" ");
  }

  /**
   * A rule for any text up to and with an end. A control token alone ends a text. An end that is spelled is matched
   * with the text before it: otherwise the text would take its beginning.
   */
  until(rule: string, end: string): string {
    const parts = this.#parts(end);
    const token = parts.findIndex((part) => part.startsWith("<["));
    const before = parts.slice(0, token < 0 ? undefined : token).join("");
    if (token < 0) return `${rule}[lazy]: /(.|\\n)*${pattern(before)}/`;
    const after = parts
      .slice(token)
      .map((part) => (part.startsWith("<[") ? part : JSON.stringify(part)));
    return `${rule}: /(.|\\n)*${pattern(before)}/ ${after.join(" ")}`;
  }

  /** Spelled parts, and control tokens as `<[id]>`. */
  #parts(text: string): readonly string[] {
    const parts: string[] = [];
    for (const part of text.split(this.#split).filter((one) => one !== "")) {
      const terminal = this.#split.test(part) ? this.#marker(part) : "";
      const last = parts.at(-1);
      if (terminal.startsWith("<[")) parts.push(terminal);
      else if (last !== undefined && !last.startsWith("<[")) parts[parts.length - 1] = last + part;
      else parts.push(part);
    }
    return parts;
  }
}
