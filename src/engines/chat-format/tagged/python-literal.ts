/**
 * Literals of Python as JSON: some templates print values so, and some models write them. Numbers keep their digits.
 * Words of JSON, such as `true`, are read as well.
 */

const deepest = 64;
const words = new Map([
  ["True", "true"],
  ["False", "false"],
  ["None", "null"],
  ["true", "true"],
  ["false", "false"],
  ["null", "null"],
]);
const escapes = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["b", "\b"],
  ["f", "\f"],
  ["\n", ""],
  ["/", "/"],
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
]);

/** The JSON text of a literal; undefined where the text is none. */
export function jsonOfLiteral(text: string): string | undefined {
  try {
    return new Literal(text).whole();
  } catch (error) {
    if (error instanceof NoLiteral) return undefined;
    throw error;
  }
}

class NoLiteral extends Error {}

class Literal {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): string {
    const value = this.#value(deepest);
    this.#spaces();
    if (this.#at < this.#text.length) throw new NoLiteral();
    return value;
  }

  #value(depth: number): string {
    if (depth === 0) throw new NoLiteral();
    this.#spaces();
    const first = this.#text.charAt(this.#at);
    if (first === "'" || first === '"') return JSON.stringify(this.#string());
    if (first === "[") return `[${this.#list("]", () => this.#value(depth - 1))}]`;
    if (first === "(") return `[${this.#list(")", () => this.#value(depth - 1))}]`;
    if (first === "{") return `{${this.#list("}", () => this.#member(depth - 1))}}`;
    return this.#plain();
  }

  #member(depth: number): string {
    this.#spaces();
    const key = this.#string();
    this.#expect(":");
    return `${JSON.stringify(key)}:${this.#value(depth)}`;
  }

  #list(close: string, item: () => string): string {
    const items: string[] = [];
    this.#at += 1;
    while (!this.#takes(close)) {
      if (items.length > 0) this.#expect(",");
      if (items.length > 0 && this.#takes(close)) break;
      items.push(item());
    }
    return items.join(",");
  }

  #plain(): string {
    const pattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|[A-Za-z]+(?!\w)/y;
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    const plain = found === undefined || /^[A-Za-z]/.test(found) ? words.get(found ?? "") : found;
    if (found === undefined || plain === undefined) throw new NoLiteral();
    this.#at += found.length;
    return plain;
  }

  #string(): string {
    const quote = this.#text.charAt(this.#at);
    if (quote !== "'" && quote !== '"') throw new NoLiteral();
    const parts: string[] = [];
    this.#at += 1;
    for (;;) {
      const pattern: RegExp = quote === "'" ? /['\\]/g : /["\\]/g;
      pattern.lastIndex = this.#at;
      const end: number | undefined = pattern.exec(this.#text)?.index;
      if (end === undefined) throw new NoLiteral();
      parts.push(this.#text.slice(this.#at, end));
      this.#at = end + 1;
      if (this.#text[end] !== quote) parts.push(this.#escape());
      else if (this.#mayEnd()) return parts.join("");
      else parts.push(quote);
    }
  }

  /** Some templates do not escape quotes: one that nothing may follow belongs to its string. */
  #mayEnd(): boolean {
    const pattern = /\s*(?:[,)\]}:]|$)/y;
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }

  #escape(): string {
    const pattern = /x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})/y;
    pattern.lastIndex = this.#at;
    const code = pattern.exec(this.#text);
    if (code !== null) {
      this.#at += code[0].length;
      return character(Number.parseInt(code[0].slice(1), 16));
    }
    const escaped = this.#text.charAt(this.#at);
    this.#at += 1;
    // Python keeps the backslash of an escape that it does not know.
    return escapes.get(escaped) ?? `\\${escaped}`;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) throw new NoLiteral();
  }

  #takes(text: string): boolean {
    this.#spaces();
    const there = this.#text.startsWith(text, this.#at);
    if (there) this.#at += text.length;
    return there;
  }

  #spaces(): void {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at += 1;
  }
}

function character(code: number): string {
  if (code > 0x10_ff_ff) throw new NoLiteral();
  return String.fromCodePoint(code);
}
