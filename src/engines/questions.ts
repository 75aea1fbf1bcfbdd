/** What an engine can be asked beyond jobs: bounded work that takes no slot, such as reading a text as tokens. */
import type { ChatInput, CompletionInput, Constraint, Tool, ToolChoice } from "./jobs.ts";

export type Question =
  | {
      readonly kind: "tokenize";
      readonly text: string;
      /** Adds the tokens that the model's vocabulary puts around a text. */
      readonly addSpecial: boolean;
      /** Reads the texts of control tokens as those tokens. An engine whose jobs always do ignores it. */
      readonly parseSpecial: boolean;
      readonly withPieces: boolean;
    }
  /** Asks for the tokens of a chat as its job reads it, and for its text. */
  | ({ readonly kind: "tokenizeChat"; readonly withPieces: boolean } & ChatInput)
  | {
      readonly kind: "detokenize";
      readonly ids: Uint32Array;
      /** Leaves control tokens out. */
      readonly skipSpecial: boolean;
    }
  /** Asks for the prompt that the model's chat template makes of a chat, as text. */
  | ({ readonly kind: "applyTemplate" } & ChatInput)
  /** Asks how many tokens a job's input is read as: what `usage.promptTokens` says, or an item's `tokenCount`. */
  | { readonly kind: "countTokens"; readonly input: CompletionInput }
  /** Asks for a constraint to be made ready for jobs; fails with CONSTRAINT_INVALID or CONSTRAINT_UNSUPPORTED. */
  | { readonly kind: "prepareConstraint"; readonly constraint: Constraint }
  /** Asks for the schemas of tools to be made ready for jobs; fails with FIELD_INVALID where calls cannot be forced. */
  | {
      readonly kind: "prepareTools";
      readonly tools: readonly Tool[];
      readonly toolChoice: ToolChoice;
    };

/** A text's tokens. */
export interface Tokenized {
  readonly ids: Uint32Array;
  /** There if it was asked for. */
  readonly pieces?: TokenPieces;
}

/** What each token stands for. As few values as it has kinds: they cross to another process. */
export interface TokenPieces {
  /** The bytes of all tokens, one after the other. */
  readonly bytes: Uint8Array;
  /** Where each token's bytes end among them. */
  readonly ends: Uint32Array;
  /** 1 for each control token, 0 for others. */
  readonly special: Uint8Array;
  /** Two for each token: where it begins and ends in the text's UTF-8. Left out where that cannot be told. */
  readonly places?: Uint32Array;
}

/** The answer to each kind of question. */
export interface Answers {
  readonly tokenize: Tokenized;
  /** `text`: what the template makes of the chat; places are in it. */
  readonly tokenizeChat: Tokenized & { readonly text: string };
  readonly detokenize: string;
  readonly applyTemplate: string;
  readonly countTokens: number;
  readonly prepareConstraint: true;
  readonly prepareTools: true;
}

export type Answer = Answers[keyof Answers];

export type AnswerTo<Q extends Question> = Answers[Q["kind"]];
