/** What an engine can be asked beyond jobs: bounded work that takes no slot, such as reading a text as tokens. */
import type { ChatMessage, CompletionInput } from "./jobs.ts";

export type Question =
  | {
      readonly kind: "tokenize";
      readonly text: string;
      /** Adds the tokens that the model's vocabulary puts around a text. */
      readonly addSpecial: boolean;
    }
  | { readonly kind: "detokenize"; readonly ids: Uint32Array }
  /** Asks for the prompt that the model's chat template makes of messages, as text. */
  | { readonly kind: "applyTemplate"; readonly messages: readonly ChatMessage[] }
  /** Asks how many tokens a job's input is read as: what `usage.promptTokens` says, or an item's `tokenCount`. */
  | { readonly kind: "countTokens"; readonly input: CompletionInput };

/** The answer to each kind of question. */
export interface Answers {
  readonly tokenize: Uint32Array;
  readonly detokenize: string;
  readonly applyTemplate: string;
  readonly countTokens: number;
}

export type Answer = Answers[keyof Answers];

export type AnswerTo<Q extends Question> = Answers[Q["kind"]];
