import { ServeError } from "../../base/errors.ts";

/** Text before each text. */
export interface Prompt {
  readonly text: string;
  /** How many of a text's first tokens belong to the prompt, or come before it. */
  readonly tokens: number;
  /** How many of a text's first tokens do not count in its vector. */
  readonly skipped: number;
}

export const noPrompt: Prompt = { text: "", tokens: 0, skipped: 0 };

export const unknownPrompt = (): ServeError =>
  new ServeError("FIELD_INVALID", "prompt_name names no prompt of the model");

/** Finds the prompt that a job names. Empty is none, undefined the model's default. */
export type PromptTable = (name: string | undefined) => Prompt;
