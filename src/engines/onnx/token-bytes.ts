/** The bytes that the tokens of a `tokenizer.json` stand for. */
import { entriesOf, field } from "./json.ts";

/** How a vocabulary writes its tokens. */
interface Spelling {
  /** A character for each byte. */
  readonly isByteLevel: boolean;
  /** U+2581 for a space. */
  readonly marksSpaces: boolean;
  /** `<0x0A>` for a byte that no token has. */
  readonly hasByteTokens: boolean;
}

export interface TokenBytes {
  bytesOf(id: number, token: string): Uint8Array;
  isSpecial(id: number): boolean;
  /** Whether it is looked for before the rest of a text is read. */
  isAdded(id: number): boolean;
}

/** Takes the file, parsed. */
export function openTokenBytes(tokenizer: unknown): TokenBytes {
  const spelling = spellingOf(tokenizer);
  const added = field(tokenizer, "added_tokens");
  const special = new Map<unknown, boolean>(
    Array.isArray(added)
      ? added.map((token) => [field(token, "id"), field(token, "special") === true])
      : [],
  );
  return {
    // Added tokens are written as they are.
    bytesOf: (id, token) => (special.has(id) ? Buffer.from(token) : spelt(token, spelling)),
    isSpecial: (id) => special.get(id) === true,
    isAdded: (id) => special.has(id),
  };
}

function spellingOf(tokenizer: unknown): Spelling {
  const steps = ["normalizer", "pre_tokenizer", "decoder"].map((name) => field(tokenizer, name));
  const types = new Set(steps.flatMap(typesOf));
  return {
    isByteLevel: types.has("ByteLevel"),
    marksSpaces: types.has("Metaspace") || JSON.stringify(steps).includes("\u2581"),
    hasByteTokens: field(field(tokenizer, "model"), "byte_fallback") === true,
  };
}

/** The types of a step and of those within it. */
function typesOf(step: unknown): readonly unknown[] {
  if (Array.isArray(step)) return step.flatMap(typesOf);
  if (typeof step !== "object" || step === null) return [];
  return [field(step, "type"), ...entriesOf(step).flatMap(([, value]) => typesOf(value))];
}

function spelt(token: string, spelling: Spelling): Uint8Array {
  const { isByteLevel, marksSpaces, hasByteTokens } = spelling;
  if (isByteLevel) {
    const bytes = Array.from(token, (character) => byteOf.get(character));
    // A character that stands for no byte is the vocabulary's own.
    if (bytes.every((byte) => byte !== undefined)) return Uint8Array.from(bytes);
  }
  const hex = hasByteTokens ? /^<0x([0-9A-F]{2})>$/.exec(token)?.[1] : undefined;
  if (hex !== undefined) return Uint8Array.of(Number.parseInt(hex, 16));
  return Buffer.from(marksSpaces ? token.replaceAll("\u2581", " ") : token);
}

/** Of GPT-2: bytes that print stand for themselves, and the others for the characters from U+0100 on. */
const byteOf: ReadonlyMap<string, number> = (() => {
  let next = 0x100;
  const prints = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte !== 0xad);
  return new Map(
    Array.from({ length: 256 }, (_, byte) => [
      String.fromCodePoint(prints(byte) ? byte : next++),
      byte,
    ]),
  );
})();
