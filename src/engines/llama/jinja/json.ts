/**
 * Reads JSON as Python does: keys keep their order, also those that look like numbers, `1.0` is no integer, and an
 * integer of any length keeps its digits. `JSON.parse` keeps none of these, and templates print them.
 */
import { Float } from "./values.ts";
import type { Value } from "./values.ts";

const mostLevels = 256;
const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
const words: readonly (readonly [string, Value])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

/** Throws a SyntaxError for what is no JSON, or is nested too deep. */
export function readJson(json: string): Value {
  const reader = new Reader(json);
  const value = reader.value(0);
  if (reader.next() !== "") throw new SyntaxError("text follows the JSON");
  return value;
}

class Reader {
  readonly #json: string;
  #at = 0;

  constructor(json: string) {
    this.#json = json;
  }

  /** The next character that is no white space; empty at the end. */
  next(): string {
    this.#take(space);
    return this.#json.charAt(this.#at);
  }

  value(level: number): Value {
    if (level > mostLevels) throw new SyntaxError("the JSON is nested too deep");
    const first = this.next();
    if (first === "{") return this.#dict(level);
    if (first === "[") return this.#list(level);
    if (first === '"') return this.#text();
    for (const [word, value] of words) {
      if (!this.#json.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    return this.#number();
  }

  #dict(level: number): Value {
    const dict = new Map<Value, Value>();
    this.#all("}", () => {
      this.next();
      const key = this.#text();
      this.#expect(":");
      dict.set(key, this.value(level + 1));
    });
    return dict;
  }

  #list(level: number): Value {
    const list: Value[] = [];
    this.#all("]", () => list.push(this.value(level + 1)));
    return list;
  }

  /** What stands between brackets, separated by commas. */
  #all(end: string, read: () => void): void {
    this.#at += 1;
    if (this.next() === end) {
      this.#at += 1;
      return;
    }
    for (;;) {
      read();
      if (this.next() !== ",") break;
      this.#at += 1;
    }
    this.#expect(end);
  }

  #text(): string {
    const start = this.#at;
    if (this.#json.charAt(start) !== '"') throw new SyntaxError("the JSON lacks a text");
    let end = start;
    do end = this.#json.indexOf('"', end + 1);
    while (end !== -1 && this.#isEscaped(end));
    if (end === -1) throw new SyntaxError("a text of the JSON has no end");
    this.#at = end + 1;
    return JSON.parse(this.#json.slice(start, end + 1)) as string;
  }

  /** Whether an odd number of backslashes stands before a place. */
  #isEscaped(at: number): boolean {
    let first = at;
    while (this.#json.charAt(first - 1) === "\\") first -= 1;
    return (at - first) % 2 === 1;
  }

  #number(): Value {
    const { 0: digits, 1: fraction, 2: exponent } = this.#take(number);
    if (fraction !== undefined || exponent !== undefined) return new Float(Number(digits));
    const value = Number(digits);
    return Number.isSafeInteger(value) ? value : BigInt(digits);
  }

  #expect(mark: string): void {
    if (this.next() !== mark) throw new SyntaxError(`the JSON lacks "${mark}"`);
    this.#at += 1;
  }

  #take(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#json);
    if (match === null) throw new SyntaxError("the text is no JSON");
    this.#at = pattern.lastIndex;
    return match;
  }
}
