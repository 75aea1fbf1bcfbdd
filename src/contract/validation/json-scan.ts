/** Checks that a text is JSON of an object, a part at a time: a text of megabytes must not hold up other calls. */

/** Levels of nesting: what is deeper is written to overflow a reader's stack. */
const mostDepth = 128;
/** Characters from one pause to the next. */
export const stride = 65_536;

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;
const plain = /[^"\\\u0000-\u001f]{1,4096}/y;
const escaped = /(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})){1,4096}/y;
const blank = /[ \t\n\r]{1,4096}/y;

/** What may come next; `first`: or the end of an empty list or object. */
type State =
  | ("value" | "first item" | "more" | "text of value")
  | ("first key" | "key" | "colon" | "text of key")
  | "end";

/** Pauses now and then; returns what is wrong, as the end of a sentence, or undefined. */
export function* scanObject(text: string): Generator<undefined, string | undefined> {
  const scan = new Scan(text);
  const fault = yield* scan.run();
  return fault;
}

class Scan {
  readonly #text: string;
  readonly #open: ("{" | "[")[] = [];
  #at = 0;
  #state: State = "value";

  /** Reads the next token; false where there is none that may come. */
  readonly #steps: Readonly<Record<State, (char: string | undefined) => boolean>> = {
    value: (char) => this.#value(char),
    "first item": (char) => (char === "]" && this.#close()) || this.#value(char),
    more: (char) => this.#afterValue(char),
    "text of value": (char) => this.#inText(char, "more"),
    "first key": (char) => (char === "}" && this.#close()) || this.#key(),
    key: () => this.#key(),
    colon: (char) => char === ":" && this.#take("value"),
    "text of key": (char) => this.#inText(char, "colon"),
    end: () => false,
  };

  constructor(text: string) {
    this.#text = text;
  }

  *run(): Generator<undefined, string | undefined> {
    this.#skipBlank();
    if (this.#text[this.#at] !== "{") return "must be a JSON object";
    let next = stride;
    while (this.#state !== "end") {
      if (this.#at >= next) {
        yield undefined;
        next = this.#at + stride;
      }
      const before = this.#at;
      if (!this.#steps[this.#state](this.#text[before])) return this.#fault(before);
      if (this.#open.length > mostDepth) return `must have at most ${mostDepth} levels of nesting`;
      this.#skipBlank();
    }
    return this.#at === this.#text.length ? undefined : this.#fault(this.#at);
  }

  #fault(at: number): string {
    const bytes = Buffer.byteLength(this.#text.slice(0, at));
    return `must be a JSON object: byte ${bytes} is wrong`;
  }

  #value(char: string | undefined): boolean {
    if (char === "{" || char === "[") {
      this.#open.push(char);
      return this.#take(char === "{" ? "first key" : "first item");
    }
    if (char === '"') return this.#take("text of value");
    this.#state = "more";
    return this.#skip(number) || this.#skip(word);
  }

  #key(): boolean {
    return this.#text[this.#at] === '"' && this.#take("text of key");
  }

  #inText(char: string | undefined, next: State): boolean {
    return this.#skip(plain) || this.#skip(escaped) || (char === '"' && this.#take(next));
  }

  #afterValue(char: string | undefined): boolean {
    const isObject = this.#open.at(-1) === "{";
    if (char === ",") return this.#take(isObject ? "key" : "value");
    return char === (isObject ? "}" : "]") && this.#close();
  }

  #close(): boolean {
    this.#open.pop();
    return this.#take(this.#open.length === 0 ? "end" : "more");
  }

  #take(state: State): true {
    this.#at += 1;
    this.#state = state;
    return true;
  }

  /** White space between tokens; that of a text is the text's. */
  #skipBlank(): void {
    if (this.#state === "text of value" || this.#state === "text of key") return;
    while (this.#skip(blank)) continue;
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }
}
