import type { Pointer } from "./binding.ts";
import type { Library } from "./library.ts";

/** `llama_token_attr`: what must never come out of a caller's text. */
const unknownAttribute = 1;
const controlAttribute = 8;
/** What is read as one token wherever it stands, whether control tokens are meant or not. */
const userDefinedAttribute = 16;
/** Takes the white space before it, or after it, out of the text. */
const stripsLeftAttribute = 128;
const stripsRightAttribute = 256;

/** Tells how to read a text. */
export interface TokenizeOptions {
  /** Adds the model's begin and end tokens where its vocabulary says so. */
  readonly addSpecial: boolean;
  /** Reads the texts of control tokens as those tokens. */
  readonly parseSpecial: boolean;
}

/** A token that libllama looks for before it divides the rest of a text. */
interface SpecialToken {
  readonly id: number;
  readonly stripsLeft: boolean;
  readonly stripsRight: boolean;
}

/** A model's vocabulary. Plain data is read once; texts and pieces go through the library. */
export interface Tokenizer {
  readonly vocabularySize: number;
  /** -1 where the vocabulary has none. */
  readonly bos: number;
  readonly eos: number;
  readonly addsBos: boolean;
  readonly addsEos: boolean;
  /** Tokens that end a completion. */
  readonly ends: ReadonlySet<number>;
  /** The texts of control tokens: what a chat message must not smuggle in. */
  readonly controls: readonly string[];
  /** The texts of tokens that are read wherever they stand, though their type does not say control. */
  readonly userDefined: readonly string[];
  /** All of these, by their texts. */
  readonly special: ReadonlyMap<string, SpecialToken>;
  /** The most bytes that one token stands for. */
  readonly longestBytes: number;
  textOf(token: number): string;
  tokenize(text: string, options: TokenizeOptions): Int32Array;
  /** The text of tokens, control tokens by their names. */
  detokenize(ids: Int32Array): string;
  /** The bytes that a token adds to a completion: none for a control token. */
  bytesOf(token: number): Uint8Array;
}

export function openTokenizer(library: Library, vocab: Pointer): Tokenizer {
  const { vocabulary } = library;
  const vocabularySize = vocabulary.size(vocab);
  const scan = scanVocabulary(library, vocab, vocabularySize);
  const pieces = new Map<number, Uint8Array>();
  const textOf = (token: number) => (token < 0 ? "" : vocabulary.text(vocab, token));
  return {
    vocabularySize,
    bos: vocabulary.bos(vocab),
    eos: vocabulary.eos(vocab),
    addsBos: vocabulary.addsBos(vocab),
    addsEos: vocabulary.addsEos(vocab),
    ...scan,
    textOf,
    tokenize(text, { addSpecial, parseSpecial }) {
      const bytes = Buffer.from(text, "utf8");
      const read = (ids: Int32Array) =>
        vocabulary.tokenize(
          ...[vocab, bytes, bytes.length, ids, ids.length, addSpecial, parseSpecial],
        );
      // A token stands for at least one byte in most vocabularies; begin, end and a leading space come on top.
      const ids = new Int32Array(bytes.length + 4);
      const count = read(ids);
      if (count >= 0) return ids.slice(0, count);
      // Where the mark for a space is no token, it is three: the count is the room that is needed, negated.
      const all = new Int32Array(-count);
      const found = read(all);
      if (found < 0) throw new Error("llama.cpp cannot read the text: it has too many tokens");
      return all.slice(0, found);
    },
    detokenize: (ids) => readText(library, vocab, ids),
    bytesOf(token) {
      const known = pieces.get(token);
      if (known !== undefined) return known;
      const piece = readPiece(library, vocab, token);
      pieces.set(token, piece);
      return piece;
    },
  };
}

function scanVocabulary({ vocabulary }: Library, vocab: Pointer, size: number) {
  const ends = new Set<number>();
  const controls: string[] = [];
  const userDefined: string[] = [];
  const special = new Map<string, SpecialToken>();
  let longestBytes = 1;
  for (let token = 0; token < size; token += 1) {
    const text = vocabulary.text(vocab, token);
    if (vocabulary.isEnd(vocab, token)) ends.add(token);
    // The vocabulary's own text is never shorter than the bytes it stands for.
    longestBytes = Math.max(longestBytes, Buffer.byteLength(text));
    const attributes = vocabulary.attributes(vocab, token);
    const isControl = (attributes & (controlAttribute | unknownAttribute)) !== 0;
    if (text === "" || (!isControl && (attributes & userDefinedAttribute) === 0)) continue;
    (isControl ? controls : userDefined).push(text);
    const stripsLeft = (attributes & stripsLeftAttribute) !== 0;
    const stripsRight = (attributes & stripsRightAttribute) !== 0;
    if (!special.has(text)) special.set(text, { id: token, stripsLeft, stripsRight });
  }
  return { ends, controls, userDefined, special, longestBytes };
}

function readText({ vocabulary }: Library, vocab: Pointer, ids: Int32Array): string {
  const read = (bytes: Uint8Array) =>
    // Takes nothing away, and shows control tokens.
    vocabulary.detokenize(vocab, ids, ids.length, bytes, bytes.length, false, true);
  const likely = Buffer.alloc(ids.length * 8);
  const length = read(likely);
  if (length >= 0) return likely.toString("utf8", 0, length);
  // The room that is needed, negated.
  const all = Buffer.alloc(-length);
  return all.toString("utf8", 0, Math.max(0, read(all)));
}

function readPiece({ vocabulary }: Library, vocab: Pointer, token: number): Uint8Array {
  const short = new Uint8Array(64);
  const bytes = vocabulary.piece(vocab, token, short, short.length, 0, false);
  if (bytes >= 0) return short.slice(0, bytes);
  const long = new Uint8Array(-bytes);
  vocabulary.piece(vocab, token, long, long.length, 0, false);
  return long;
}
