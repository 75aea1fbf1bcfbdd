/** The text of a grammar, read from its beginning to its end. */
import { MatcherError } from "../matcher.ts";

const wordPattern = /[a-zA-Z0-9-]+/y;
const digitsPattern = /\d+/y;
/** White space and comments, in one line or over several. */
const inLine = /(?:[ \t]|#[^\r\n]*)*/y;
const overLines = /(?:[ \t\r\n]|#[^\r\n]*)*/y;

export class Source {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next characters; fewer at the end. */
  peek(count = 1): string {
    return this.#text.slice(this.#at, this.#at + count);
  }

  atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Takes a text if it comes next. */
  take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  expect(text: string): void {
    if (!this.take(text)) throw this.error(`expected ${text}`);
  }

  /** Takes one character as its code point. */
  codePoint(): number {
    const value = this.#text.codePointAt(this.#at);
    if (value === undefined) throw this.error("the grammar ends in the middle");
    this.#at += value > 0xffff ? 2 : 1;
    return value;
  }

  /** Takes what a sticky pattern matches, perhaps nothing. */
  match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  name(): string {
    const found = this.match(wordPattern);
    if (found === "") throw this.error("expected the name of a rule");
    return found;
  }

  number(): number {
    const found = this.match(digitsPattern);
    if (found === "") throw this.error("expected a number");
    return Number(found);
  }

  space(crossesLines: boolean): void {
    this.match(crossesLines ? overLines : inLine);
  }

  /** Names the place, and quotes nothing. */
  error(problem: string): MatcherError {
    const lines = this.#text.slice(0, this.#at).split(/\r\n|\r|\n/);
    const column = (lines.at(-1) ?? "").length + 1;
    return new MatcherError(`line ${lines.length}, column ${column}: ${problem}`);
  }
}
