import type { Pointer } from "./binding.ts";
import type { Library } from "./library.ts";
import { assertWordPieces, wordPieceText, wordPieceType } from "./word-pieces.ts";

/** `llama_token_attr`: tokens that text of a message must never produce. */
const unknownAttribute = 1;
const controlAttribute = 8;
/** Read as one token wherever it appears, whether control tokens count or not. */
const userDefinedAttribute = 16;
/** Removes the white space before or after it from the text. */
const stripsLeftAttribute = 128;
const stripsRightAttribute = 256;

/** How to tokenize a text. */
export interface TokenizeOptions {
  /** Adds the model's begin and end tokens if its vocabulary says so. */
  readonly addSpecial: boolean;
  /** Reads the texts of control tokens as those tokens. */
  readonly parseSpecial: boolean;
}

/** A token that libllama searches for before it splits the rest of a text. */
interface SpecialToken {
  readonly id: number;
  readonly stripsLeft: boolean;
  readonly stripsRight: boolean;
}

/** A model's vocabulary. Plain data is read once; texts and pieces go through the library. */
export interface Tokenizer {
  readonly vocabularySize: number;
  /** -1 if the vocabulary has none. */
  readonly bos: number;
  readonly eos: number;
  readonly addsBos: boolean;
  readonly addsEos: boolean;
  /** What stands between two texts; -1 if the vocabulary has none. */
  readonly sep: number;
  readonly addsSep: boolean;
  /** Tokens that end a completion. */
  readonly ends: ReadonlySet<number>;
  /** The texts of control tokens, which message text must not produce. */
  readonly controls: readonly string[];
  /** The texts of tokens that are always read as such, though their type is not control. */
  readonly userDefined: readonly string[];
  /** All of these, by their texts. */
  readonly special: ReadonlyMap<string, SpecialToken>;
  /** Maximum bytes of one token. */
  readonly longestBytes: number;
  textOf(token: number): string;
  /** Throws a ServeError for a text that is read otherwise than by the model's own tokenizer. */
  assertReadable(text: string): void;
  tokenize(text: string, options: TokenizeOptions): Int32Array;
  /** The text of tokens, control tokens by their names if they are shown. */
  detokenize(ids: Int32Array, options: { readonly showsSpecial: boolean }): string;
  kindOf(token: number): "control" | "user defined" | "normal";
  /** The bytes that a token stands for in a text: a control token's are its name. */
  spellingOf(token: number): Uint8Array;
  /** The bytes that a token adds to a completion: none for a control token. */
  readonly bytesOf: (token: number) => Uint8Array;
}

export function openTokenizer(library: Library, vocab: Pointer): Tokenizer {
  const { vocabulary } = library;
  const vocabularySize = vocabulary.size(vocab);
  const scan = scanVocabulary(library, vocab, vocabularySize);
  const pieces = new Map<number, Uint8Array>();
  const textOf = (token: number) => (token < 0 ? "" : vocabulary.text(vocab, token));
  const hasWordPieces = vocabulary.type(vocab) === wordPieceType;
  return {
    vocabularySize,
    bos: vocabulary.bos(vocab),
    eos: vocabulary.eos(vocab),
    addsBos: vocabulary.addsBos(vocab),
    addsEos: vocabulary.addsEos(vocab),
    sep: vocabulary.sep(vocab),
    addsSep: vocabulary.addsSep(vocab),
    ...scan,
    textOf,
    assertReadable(text) {
      if (hasWordPieces) assertWordPieces(text);
    },
    tokenize(text, { addSpecial, parseSpecial }) {
      const bytes = Buffer.from(hasWordPieces ? wordPieceText(text) : text, "utf8");
      const read = (ids: Int32Array) =>
        vocabulary.tokenize(
          ...[vocab, bytes, bytes.length, ids, ids.length, addSpecial, parseSpecial],
        );
      // In most vocabularies a token stands for at least one byte; begin, end and a leading space are added.
      const ids = new Int32Array(bytes.length + 4);
      const count = read(ids);
      if (count >= 0) return ids.slice(0, count);
      // If the mark for a space is not a token, it takes three. The negated count is the required room.
      const all = new Int32Array(-count);
      const found = read(all);
      if (found < 0) throw new Error("llama.cpp cannot read the text: it has too many tokens");
      return all.slice(0, found);
    },
    detokenize: (ids, { showsSpecial }) => readText(library, vocab, { ids, showsSpecial }),
    kindOf: (token) => kindOf(vocabulary.attributes(vocab, token)),
    spellingOf: (token) => readPiece(library, vocab, { token, showsSpecial: true }),
    bytesOf(token) {
      const known = pieces.get(token);
      if (known !== undefined) return known;
      const piece = readPiece(library, vocab, { token, showsSpecial: false });
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
    // The vocabulary's own text is never shorter than the token's bytes.
    longestBytes = Math.max(longestBytes, Buffer.byteLength(text));
    const attributes = vocabulary.attributes(vocab, token);
    const kind = kindOf(attributes);
    if (text === "" || kind === "normal") continue;
    (kind === "control" ? controls : userDefined).push(text);
    const stripsLeft = (attributes & stripsLeftAttribute) !== 0;
    const stripsRight = (attributes & stripsRightAttribute) !== 0;
    if (!special.has(text)) special.set(text, { id: token, stripsLeft, stripsRight });
  }
  return { ends, controls, userDefined, special, longestBytes };
}

function kindOf(attributes: number): "control" | "user defined" | "normal" {
  if ((attributes & (controlAttribute | unknownAttribute)) !== 0) return "control";
  return (attributes & userDefinedAttribute) === 0 ? "normal" : "user defined";
}

function readText(
  { vocabulary }: Library,
  vocab: Pointer,
  { ids, showsSpecial }: { readonly ids: Int32Array; readonly showsSpecial: boolean },
): string {
  const read = (bytes: Uint8Array) =>
    // Takes nothing else away.
    vocabulary.detokenize(vocab, ids, ids.length, bytes, bytes.length, false, showsSpecial);
  const likely = Buffer.alloc(ids.length * 8);
  const length = read(likely);
  if (length >= 0) return likely.toString("utf8", 0, length);
  // The room that is needed, negated.
  const all = Buffer.alloc(-length);
  return all.toString("utf8", 0, Math.max(0, read(all)));
}

function readPiece(
  { vocabulary }: Library,
  vocab: Pointer,
  { token, showsSpecial }: { readonly token: number; readonly showsSpecial: boolean },
): Uint8Array {
  const short = new Uint8Array(64);
  const bytes = vocabulary.piece(vocab, token, short, short.length, 0, showsSpecial);
  if (bytes >= 0) return short.slice(0, bytes);
  const long = new Uint8Array(-bytes);
  vocabulary.piece(vocab, token, long, long.length, 0, showsSpecial);
  return long;
}
