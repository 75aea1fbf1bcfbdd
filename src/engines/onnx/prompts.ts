/** A model's `config_sentence_transformers.json`: the prompts before its texts. */
import type { ModelPrompt } from "../engine.ts";
import { entriesOf, field, isBlank, refuseOtherKeys, shown } from "./json.ts";

const name = "config_sentence_transformers.json";

export interface Prompts {
  readonly prompts: readonly ModelPrompt[];
  /** The name of the default prompt. Undefined for none. */
  readonly defaultPrompt: string | undefined;
}

/** Limit on all prompts and their names: each response that describes the model has them. */
const mostCharacters = 262_144;

/** Keys that change no vector: versions, and how vectors are compared. */
const known = ["prompts", "default_prompt_name", "model_type", "similarity_fn_name", "__version__"];

/** Fails if the file requests something unsupported. */
export function promptsOf(config: unknown, isSparse = false): Prompts {
  refuseOtherKeys({ name, value: config }, isSparse ? [...known, "max_active_dims"] : known);
  const type = field(config, "model_type");
  const served = isSparse ? "SparseEncoder" : "SentenceTransformer";
  if (!isBlank(type) && type !== served) {
    throw new Error(`${name}: model_type is ${shown(type)}, and inferd serves ${served}`);
  }
  const prompts = entriesOf(field(config, "prompts")).map(([prompt, text]): ModelPrompt => {
    if (typeof text === "string" || text === null) return { name: prompt, text: text ?? "" };
    throw new Error(`${name}: prompts.${shown(prompt)} must be a text`);
  });
  const characters = prompts.reduce((sum, one) => sum + one.name.length + one.text.length, 0);
  if (characters > mostCharacters) {
    throw new Error(`${name}: prompts have more than ${mostCharacters} characters together`);
  }
  return { prompts, defaultPrompt: defaultOf(field(config, "default_prompt_name"), prompts) };
}

function defaultOf(stated: unknown, prompts: readonly ModelPrompt[]): string | undefined {
  if (isBlank(stated)) return undefined;
  if (prompts.some((prompt) => prompt.name === stated)) return String(stated);
  // sentence-transformers writes both of these in every model, without a text.
  if (stated === "query" || stated === "document") return undefined;
  throw new Error(`${name}: default_prompt_name names none of its prompts`);
}
