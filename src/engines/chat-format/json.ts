/** Values of JSON in a text that comes in pieces. */
import type { Give, Reader, Reading } from "./reader.ts";

/**
 * Gives one value as it stands there. Only strings and brackets are looked at, so a marker in a string is part of it,
 * and a value that is not quite JSON is passed on to the caller as the model wrote it.
 */
export function* jsonValue(reader: Reader, give: Give): Reading<boolean> {
  const first = yield* reader.peek();
  if (first === '"') return yield* jsonString(reader, give);
  if (first !== "{" && first !== "[") {
    const scalar = yield* reader.text((to) => reader.while(/[\w.+-]/, to));
    give(scalar);
    return scalar !== "";
  }
  return yield* untilWhole(new Nesting(), reader, give);
}

export function* jsonString(reader: Reader, give: Give): Reading<boolean> {
  const scan = new Nesting();
  if ((yield* reader.take('"')) === undefined) return false;
  give('"');
  scan.lengthIn('"');
  return yield* untilWhole(scan, reader, give);
}

/** Gives text until what is scanned has ended; false where the text ends before. */
function* untilWhole(scan: Nesting, reader: Reader, give: Give): Reading<boolean> {
  while (!scan.isWhole) {
    const more = yield* reader.some((text) => {
      const length = scan.lengthIn(text);
      give(text.slice(0, length));
      return length;
    });
    if (!more) return false;
  }
  return true;
}

/** Where an object, an array or a string ends. */
class Nesting {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #begun = false;

  get isWhole(): boolean {
    return this.#begun && this.#depth === 0 && !this.#inString;
  }

  /** How much of a text belongs to the value. */
  lengthIn(text: string): number {
    for (let at = 0; at < text.length; at++) {
      this.#take(text[at] ?? "");
      if (this.isWhole) return at + 1;
    }
    return text.length;
  }

  #take(character: string): void {
    this.#begun = true;
    if (this.#inString) this.#takeInString(character);
    else if (character === '"') this.#inString = true;
    else if (character === "{" || character === "[") this.#depth++;
    else if (character === "}" || character === "]") this.#depth--;
  }

  #takeInString(character: string): void {
    if (this.#escaped) this.#escaped = false;
    else if (character === "\\") this.#escaped = true;
    else if (character === '"') this.#inString = false;
  }
}
