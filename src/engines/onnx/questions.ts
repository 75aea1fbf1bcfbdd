/** Answers questions that need no slot, with the tokenizer of jobs. */
import { ServeError } from "../../base/errors.ts";
import type { Answer, Question, Tokenized, TokenPieces } from "../engine.ts";
import { assertAnswerable, assertBytes } from "../question-size.ts";
import { piecesOf, placesOf } from "../token-pieces.ts";
import type { PromptTable } from "../texts/prompt.ts";
import type { TokenBytes } from "./token-bytes.ts";
import { encodeEach, type PlacedEncoding, type PlacingVocabulary } from "./vocabulary.ts";

export interface AnsweringParts {
  readonly vocabulary: PlacingVocabulary;
  readonly tokenBytes: TokenBytes;
  readonly promptOf: PromptTable;
}

export async function answerWith(
  { vocabulary, tokenBytes, promptOf }: AnsweringParts,
  question: Question,
): Promise<Answer | undefined> {
  switch (question.kind) {
    case "tokenize": {
      const { text, addSpecial, withPieces } = question;
      const read = await encode(vocabulary, text, addSpecial);
      const ids = Uint32Array.from(read.getIds());
      const answer: Tokenized = { ids };
      return withPieces ? { ...answer, pieces: pieces(tokenBytes, text, read) } : answer;
    }
    case "detokenize":
      assertBytes(question.ids.byteLength);
      return vocabulary.decode(Array.from(question.ids), question.skipSpecial);
    case "countTokens": {
      const { input } = question;
      if (input.kind !== "prompt") return undefined;
      // As an item's tokens are counted: with the prompt before it.
      const text = promptOf(undefined).text + input.text;
      return (await encode(vocabulary, text, true)).getIds().length;
    }
    case "tokenizeChat":
    case "applyTemplate":
    case "prepareConstraint":
    case "prepareTools":
      return undefined;
  }
}

async function encode(
  vocabulary: PlacingVocabulary,
  text: string,
  addSpecialTokens: boolean,
): Promise<PlacedEncoding> {
  assertAnswerable(text);
  const [encoding] = await encodeEach(vocabulary, [text], { addSpecialTokens });
  if (encoding !== undefined) return encoding;
  throw new ServeError("INPUT_UNREADABLE", "the model's tokenizer makes no tokens of this text");
}

function pieces(tokenBytes: TokenBytes, text: string, encoding: PlacedEncoding): TokenPieces {
  const ids = encoding.getIds();
  const names = encoding.getTokens();
  const mask = encoding.getSpecialTokensMask();
  const tokens = ids.map((id, index) => ({
    bytes: tokenBytes.bytesOf(id, names[index] ?? ""),
    isSpecial: mask[index] === 1 || tokenBytes.isSpecial(id),
    isApart: tokenBytes.isAdded(id),
  }));
  const first = mask.indexOf(0);
  const before = first === -1 ? mask.length : first;
  const added = {
    before,
    after: Math.max(0, mask.length - Math.max(before, mask.lastIndexOf(0) + 1)),
  };
  return piecesOf(
    tokens,
    placesOf(Buffer.from(text), tokens, added) ?? statedPlaces(text, encoding),
  );
}

/** The library's own, in bytes: of a text that its tokenizer rewrites, which the tokens do not spell. */
function statedPlaces(text: string, encoding: PlacedEncoding): Uint32Array {
  let at = 0;
  const starts = [0];
  for (const character of text) starts.push((at += Buffer.byteLength(character)));
  return Uint32Array.from(
    encoding
      .getOffsets()
      .flatMap(([start = 0, end = 0]) => [starts[start] ?? at, starts[end] ?? at]),
  );
}
