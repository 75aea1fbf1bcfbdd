/** Answers questions that need no slot, with the tokenizer and the chat template of jobs. */
import { ServeError } from "../../base/errors.ts";
import type {
  Answer,
  AnswerTo,
  ChatInput,
  CompletionInput,
  Question,
  Tokenized,
  TokenPieces,
} from "../engine.ts";
import { chatTexts } from "../chat-texts.ts";
import { assertAnswerable, assertBytes } from "../question-size.ts";
import { type AddedTokens, piecesOf, placesOf } from "../token-pieces.ts";
import { readChat } from "./chat-text.ts";
import type { Outputs } from "./outputs.ts";
import { type ChatReader, readIds, type Reader } from "./prompt.ts";
import type { TextPart } from "./marks.ts";
import { maxLayOutMs } from "./template.ts";
import type { Tokenizer } from "./tokenizer.ts";

export interface Answering {
  readonly reader: Reader;
  readonly outputs: Pick<Outputs, "prepareConstraint" | "prepareTools">;
}

/** Those that the vocabulary and the template answer. */
type ReaderQuestion = Exclude<Question, { readonly kind: "prepareConstraint" | "prepareTools" }>;

export function answerAny(
  { reader, outputs }: Answering,
  question: Question,
): Answer | Promise<Answer> {
  if (question.kind === "prepareConstraint") {
    return outputs.prepareConstraint(question.constraint).then(() => true as const);
  }
  if (question.kind === "prepareTools") {
    return outputs.prepareTools(question.tools, question.toolChoice).then(() => true as const);
  }
  return answerWith(reader, question);
}

export function answerWith(reader: Reader, question: ReaderQuestion): Answer {
  const { tokenizer } = reader;
  switch (question.kind) {
    case "tokenize":
      return tokenize(tokenizer, question);
    case "tokenizeChat":
      return tokenizeChat(reader, question);
    case "detokenize": {
      assertBytes(question.ids.byteLength);
      const ids = readIds(question.ids, tokenizer.vocabularySize);
      return tokenizer.detokenize(ids, { showsSpecial: !question.skipSpecial });
    }
    case "applyTemplate":
      return textOf(layOut(chatOf(reader), question));
    case "countTokens":
      return count(reader, question.input);
  }
}

function tokenize(
  tokenizer: Tokenizer,
  question: Extract<Question, { readonly kind: "tokenize" }>,
): Tokenized {
  const { text, addSpecial, parseSpecial } = question;
  assertAnswerable(text);
  tokenizer.assertReadable(text);
  const ids = tokenizer.tokenize(text, { addSpecial, parseSpecial });
  const around = addSpecial ? tokenizer.tokenize("", { addSpecial, parseSpecial: false }) : [];
  const added = addedBy(tokenizer, around.length);
  return answered(
    ids,
    question.withPieces && (() => pieces(tokenizer, text, { ids, tries: [added] })),
  );
}

/** Of two added tokens, one is the last; of one, that is the end token if it is added and no other. */
function addedBy({ addsBos, addsEos }: Tokenizer, count: number): AddedTokens {
  const after = count === 2 || (count === 1 && addsEos && !addsBos) ? 1 : 0;
  return { before: count - after, after };
}

function tokenizeChat(
  reader: Reader,
  { withPieces, ...input }: Extract<Question, { readonly kind: "tokenizeChat" }>,
): AnswerTo<Question & { readonly kind: "tokenizeChat" }> {
  const chat = chatOf(reader);
  const parts = layOut(chat, input);
  const text = textOf(parts);
  const ids = readParts(chat, parts);
  // The template may have written the begin token, or it was added.
  const tries = [0, 1].map((before) => ({ before, after: 0 }));
  const asked = withPieces && (() => pieces(reader.tokenizer, text, { ids, tries }));
  return { ...answered(ids, asked), text };
}

const answered = (ids: Int32Array, make: false | (() => TokenPieces)): Tokenized => ({
  ids: Uint32Array.from(ids),
  ...(make && { pieces: make() }),
});

interface Placing {
  readonly ids: Int32Array;
  /** What may have been added; the first that fits counts. */
  readonly tries: readonly AddedTokens[];
}

function pieces(tokenizer: Tokenizer, text: string, { ids, tries }: Placing): TokenPieces {
  const tokens = Array.from(ids, (id) => ({
    bytes: tokenizer.spellingOf(id),
    isSpecial: tokenizer.kindOf(id) === "control",
    isApart: tokenizer.kindOf(id) !== "normal",
  }));
  const bytes = Buffer.from(text, "utf8");
  for (const added of tries) {
    const places = placesOf(bytes, tokens, added);
    if (places !== undefined) return piecesOf(tokens, places);
  }
  return piecesOf(tokens, undefined);
}

const textOf = (parts: readonly TextPart[]): string => parts.map(({ text }) => text).join("");

function readParts(chat: ChatReader, parts: readonly TextPart[]): Int32Array {
  const tokens = readChat(chat, parts, undefined);
  if (tokens === undefined) throw new Error("bug: a whole chat was found cut");
  return tokens;
}

/** As `readPrompt` tokenizes it, whatever the context. */
function count(reader: Reader, input: CompletionInput): number {
  const { tokenizer } = reader;
  switch (input.kind) {
    case "prompt":
      assertAnswerable(input.text);
      return tokenizer.tokenize(input.text, { addSpecial: true, parseSpecial: false }).length;
    case "chat": {
      const chat = chatOf(reader);
      return readParts(chat, layOut(chat, input)).length;
    }
    case "token_ids":
      return readIds(input.ids, tokenizer.vocabularySize).length;
  }
}

function chatOf({ chat }: Reader): ChatReader {
  if (chat !== undefined) return chat;
  throw ServeError.of("NO_CHAT_TEMPLATE");
}

function layOut(chat: ChatReader, input: ChatInput): readonly TextPart[] {
  assertAnswerable(...chatTexts(input));
  return chat.layOut(input, { until: chat.now() + maxLayOutMs });
}
