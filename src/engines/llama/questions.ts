/** Answers questions that need no slot, with the tokenizer and the chat template of jobs. */
import { ServeError } from "../../base/errors.ts";
import type { AnswerTo, ChatMessage, CompletionInput, Question } from "../engine.ts";
import { assertAnswerable, assertBytes } from "../question-size.ts";
import { readChat } from "./chat-text.ts";
import { type ChatReader, readIds, type Reader } from "./prompt.ts";
import { maxLayOutMs, type TextPart } from "./template.ts";

export function answerWith(reader: Reader, question: Question): AnswerTo<Question> {
  const { tokenizer } = reader;
  switch (question.kind) {
    case "tokenize": {
      assertAnswerable(question.text);
      const options = { addSpecial: question.addSpecial, parseSpecial: false };
      return Uint32Array.from(tokenizer.tokenize(question.text, options));
    }
    case "detokenize":
      assertBytes(question.ids.byteLength);
      return tokenizer.detokenize(readIds(question.ids, tokenizer.vocabularySize));
    case "applyTemplate":
      return layOut(chatOf(reader), question.messages)
        .map(({ text }) => text)
        .join("");
    case "countTokens":
      return count(reader, question.input);
  }
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
      const tokens = readChat(chat, layOut(chat, input.messages), undefined);
      if (tokens === undefined) throw new Error("bug: a whole chat was found cut");
      return tokens.length;
    }
    case "token_ids":
      return readIds(input.ids, tokenizer.vocabularySize).length;
  }
}

function chatOf({ chat }: Reader): ChatReader {
  if (chat !== undefined) return chat;
  throw ServeError.of("NO_CHAT_TEMPLATE");
}

function layOut(chat: ChatReader, messages: readonly ChatMessage[]): readonly TextPart[] {
  assertAnswerable(...messages.map(({ content }) => content));
  return chat.layOut(messages, { until: chat.now() + maxLayOutMs });
}
