/** Answers questions that need no slot, with the tokenizer of jobs. */
import { ServeError } from "../../base/errors.ts";
import type { Answer, Question } from "../engine.ts";
import { assertAnswerable } from "../question-size.ts";
import type { PromptTable } from "./prompt-table.ts";
import { encodeEach, type Vocabulary } from "./vocabulary.ts";

export interface AnsweringParts {
  readonly vocabulary: Vocabulary;
  readonly promptOf: PromptTable;
}

export async function answerWith(
  { vocabulary, promptOf }: AnsweringParts,
  question: Question,
): Promise<Answer | undefined> {
  const read = async (text: string, addSpecialTokens: boolean): Promise<readonly number[]> => {
    assertAnswerable(text);
    const [encoding] = await encodeEach(vocabulary, [text], { addSpecialTokens });
    if (encoding !== undefined) return encoding.getIds();
    throw new ServeError("INPUT_UNREADABLE", "the model's tokenizer makes no tokens of this text");
  };
  if (question.kind === "tokenize") {
    return Uint32Array.from(await read(question.text, question.addSpecial));
  }
  if (question.kind === "countTokens" && question.input.kind === "prompt") {
    // As an item's tokens are counted: with the prompt before it.
    return (await read(promptOf(undefined).text + question.input.text, true)).length;
  }
  return undefined;
}
