/** A matcher that is moved byte by byte, to and fro. */
import type { Matcher } from "../matcher.ts";

/** What may come next. */
export interface Choices {
  /** Some of the bytes: the first of each kind, in the order in which they are tried; then the second of each; and so on. */
  readonly bytes: readonly number[];
  /** The same for places where the same may come next. */
  readonly mark: number;
}

export class ByteSteps {
  readonly #matcher: Matcher;
  readonly #byteTokens: Int32Array;
  /** In the order in which they are tried. */
  readonly #tokens: readonly number[];
  readonly #byteOf: ReadonlyMap<number, number>;
  #taken: number[] = [];

  constructor(matcher: Matcher, byteTokens: Int32Array) {
    this.#matcher = matcher;
    this.#byteTokens = byteTokens;
    const known = order.filter((byte) => (byteTokens[byte] ?? -1) >= 0);
    this.#tokens = known.map((byte) => byteTokens[byte] ?? -1);
    this.#byteOf = new Map(known.map((byte) => [byteTokens[byte] ?? -1, byte]));
  }

  get accepting(): boolean {
    return this.#matcher.accepting;
  }

  choices(): Choices {
    if (this.#matcher.stopped) return { bytes: [], mark: 0 };
    const allowed = this.#matcher.among(this.#tokens).map((token) => this.#byteOf.get(token) ?? 0);
    const ascii = allowed.filter((byte) => byte < 0x80);
    const byKind = Map.groupBy(ascii.length > 0 ? ascii : allowed, kindOf);
    const some = [...byKind].map(([kind, all]) => all.slice(0, kinds[kind]?.most ?? 1));
    const bytes = Array.from({ length: mostOfAKind }, (_, at) =>
      some.flatMap((all) => all.slice(at, at + 1)),
    );
    const mark = allowed.reduce((sum, byte) => Math.imul(sum ^ byte, 16_777_619), 1);
    return { bytes: bytes.flat(), mark };
  }

  take(byte: number): void {
    this.#matcher.consume(this.#byteTokens[byte] ?? -1);
    this.#taken.push(byte);
  }

  moveTo(path: readonly number[]): void {
    let common = 0;
    while (common < path.length && path[common] === this.#taken[common]) common += 1;
    const back = this.#taken.length - common;
    if (back > 0) this.#matcher.rollback(back);
    this.#taken = this.#taken.slice(0, common);
    for (const byte of path.slice(common)) this.take(byte);
  }
}

/**
 * What closes comes first, then what a value can end with, then names; last come what opens, white space and escapes.
 * `most`: how many of a kind are tried at a place.
 */
const kinds: readonly { readonly bytes: string; readonly most: number }[] = [
  { bytes: "}])\"'", most: 2 },
  { bytes: "0123456789", most: 2 },
  { bytes: "", most: 16 },
  { bytes: ",:;.=-+", most: 3 },
  { bytes: "{[(", most: 1 },
  { bytes: " \n\r\t", most: 2 },
  { bytes: "\\", most: 1 },
];
const names = 2;
const mostOfAKind = Math.max(...kinds.map(({ most }) => most));

function kindOf(byte: number): number {
  if (byte >= 0x80) return kinds.length;
  const kind = kinds.findIndex(({ bytes }) => bytes.includes(String.fromCharCode(byte)));
  return kind < 0 ? names : kind;
}

const order: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte).sort(
  (a, b) => kindOf(a) - kindOf(b) || a - b,
);
