import type { Pointer } from "./binding.ts";
import type { Library } from "./library.ts";

/** `llama_token_attr`: what must never come out of a caller's text. */
const unknownAttribute = 1;
const controlAttribute = 8;

/** Tells how to read a text. */
export interface TokenizeOptions {
  /** Adds the model's begin and end tokens where its vocabulary says so. */
  readonly addSpecial: boolean;
  /** Reads the texts of control tokens as those tokens. */
  readonly parseSpecial: boolean;
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
  /** The most bytes that one token stands for. */
  readonly longestBytes: number;
  textOf(token: number): string;
  tokenize(text: string, options: TokenizeOptions): Int32Array;
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
      // A token stands for at least one byte; begin, end and a leading space come on top.
      const ids = new Int32Array(bytes.length + 4);
      const count = vocabulary.tokenize(
        ...[vocab, bytes, bytes.length, ids, ids.length, addSpecial, parseSpecial],
      );
      if (count < 0) throw new Error("bug: the tokenizer gave more tokens than there are bytes");
      return ids.slice(0, count);
    },
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
  let longestBytes = 1;
  for (let token = 0; token < size; token += 1) {
    const text = vocabulary.text(vocab, token);
    if (vocabulary.isEnd(vocab, token)) ends.add(token);
    const isControl = vocabulary.attributes(vocab, token) & (controlAttribute | unknownAttribute);
    if (isControl !== 0 && text !== "") controls.push(text);
    // The vocabulary's own text is never shorter than the bytes it stands for.
    longestBytes = Math.max(longestBytes, Buffer.byteLength(text));
  }
  return { ends, controls, longestBytes };
}

function readPiece({ vocabulary }: Library, vocab: Pointer, token: number): Uint8Array {
  const short = new Uint8Array(64);
  const bytes = vocabulary.piece(vocab, token, short, short.length, 0, false);
  if (bytes >= 0) return short.slice(0, bytes);
  const long = new Uint8Array(-bytes);
  vocabulary.piece(vocab, token, long, long.length, 0, false);
  return long;
}
