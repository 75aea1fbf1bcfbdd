/** A call as a JSON object, such as {"name": "get_time", "arguments": {"city": "Paris"}}. */
import { jsonString, jsonValue } from "./json.ts";
import type { Give, Reader, Reading } from "./reader.ts";

export interface CallKeys {
  readonly name: readonly string[];
  readonly arguments: readonly string[];
  /** For a format that writes ids. Where one follows the arguments, these are held back: a call's id comes first. */
  readonly id?: readonly string[];
  /** A key that is none of these or `other`, and comes before the name, shows that an object is no call. */
  readonly other?: readonly string[];
  /** Names that a call can have; any where it is left out. */
  readonly names?: readonly string[];
}

export const usualKeys: CallKeys = { name: ["name"], arguments: ["arguments", "parameters"] };

/** Whether there is a call; what was read of an object that is none is kept by the reader. */
export function* jsonCall(reader: Reader, keys: CallKeys): Reading<boolean> {
  if ((yield* reader.take("{")) === undefined) return false;
  const call = new JsonCall(reader, keys);
  const isWhole = yield* readMembers(reader, call);
  return call.end(isWhole);
}

function* readMembers(reader: Reader, call: JsonCall): Reading<boolean> {
  for (;;) {
    yield* reader.space();
    if ((yield* reader.take("}")) !== undefined) return true;
    const key = yield* readString(reader);
    if (key === undefined) return false;
    yield* reader.space();
    if ((yield* reader.take(":")) === undefined) return false;
    yield* reader.space();
    if (!(yield* call.member(key))) return false;
    yield* reader.space();
    if ((yield* reader.take(",")) === undefined && !(yield* reader.sees("}"))) return false;
  }
}

class JsonCall {
  readonly #reader: Reader;
  readonly #keys: CallKeys;
  #name: string | undefined;
  #id: string | undefined;
  /** Arguments that cannot be given yet. */
  #held: string | undefined;
  #begun = false;

  constructor(reader: Reader, keys: CallKeys) {
    this.#reader = reader;
    this.#keys = keys;
  }

  /** Reads a member's value: false if this is no call, or the text has ended. */
  *member(key: string): Reading<boolean> {
    const { name, id, arguments: args } = this.#keys;
    if (name.includes(key)) return yield* this.#readName();
    if (id?.includes(key) === true) return yield* this.#readId();
    if (args.includes(key)) return yield* this.#readArguments();
    if (this.#name === undefined && this.#keys.other?.includes(key) === false) return false;
    return yield* jsonValue(this.#reader, () => undefined);
  }

  end(isWhole: boolean): boolean {
    if (this.#begun) {
      if (isWhole && this.#held === undefined) this.#reader.arguments("{}");
      return true;
    }
    if (this.#name === undefined) return false;
    this.#begin();
    this.#reader.arguments(this.#held ?? (isWhole ? "{}" : ""));
    return true;
  }

  *#readName(): Reading<boolean> {
    const name = yield* readString(this.#reader);
    if (name === undefined || this.#keys.names?.includes(name) === false) return false;
    this.#name = name;
    this.#beginIfKnown();
    return true;
  }

  *#readId(): Reading<boolean> {
    const id = yield* this.#reader.text((give) => jsonValue(this.#reader, give));
    this.#id = stringOf(id) ?? id;
    this.#beginIfKnown();
    return id !== "";
  }

  *#readArguments(): Reading<boolean> {
    let held = "";
    const give = this.#begun ? this.#reader.arguments : (text: string) => void (held += text);
    const isWhole = yield* jsonArguments(this.#reader, give);
    this.#held = held;
    return isWhole;
  }

  #beginIfKnown(): void {
    if (this.#begun || (this.#keys.id !== undefined && this.#id === undefined)) return;
    if (this.#name === undefined) return;
    this.#begin();
    if (this.#held !== undefined) this.#reader.arguments(this.#held);
  }

  #begin(): void {
    this.#begun = true;
    this.#reader.call(this.#name ?? "", this.#id);
  }
}

/** Gives arguments as an object's text: some models write it as a string, or null for none. */
export function* jsonArguments(reader: Reader, give: Give): Reading<boolean> {
  const first = yield* reader.peek();
  if (first !== '"' && first !== "n") return yield* jsonValue(reader, give);
  let written = "";
  const isWhole = yield* jsonValue(reader, (text) => void (written += text));
  give(written === "null" ? "{}" : (stringOf(written) ?? written));
  return isWhole;
}

function* readString(reader: Reader): Reading<string | undefined> {
  return stringOf(yield* reader.text((give) => jsonString(reader, give)));
}

function stringOf(json: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
