/** The prompts of a model as its texts are tokenized: the text of each, and how many of its tokens do not count. */
import { noPrompt, unknownPrompt, type Prompt, type PromptTable } from "../texts/prompt.ts";
import { field, shown } from "./json.ts";
import type { Prompts } from "./prompts.ts";

export interface PromptTableOptions extends Prompts {
  readonly includePrompt: boolean;
  /** `tokenizer.json`, parsed. */
  readonly tokenizer: unknown;
  /** A text's tokens, special ones included. Fails for a text that the model does not take. */
  readonly read: (text: string) => Promise<readonly number[]>;
}

/** Fails if a prompt leaves no room for a text. */
export async function openPrompts(options: PromptTableOptions): Promise<PromptTable> {
  const { prompts, defaultPrompt, includePrompt, tokenizer, read } = options;
  const table = new Map<string, Prompt>([["", noPrompt]]);
  for (const { name, text } of prompts) {
    if (text === "") {
      table.set(name, noPrompt);
      continue;
    }
    const ids = await readPrompt(read, name, text);
    // As sentence-transformers counts them: tokens that the tokenizer adds after a text are not the prompt's.
    const length = ids.length - (isSpecial(tokenizer, ids.at(-1)) ? 1 : 0);
    table.set(name, { text, tokens: length, skipped: includePrompt ? 0 : length });
  }
  return (name) => {
    const prompt = table.get(name ?? defaultPrompt ?? "");
    if (prompt !== undefined) return prompt;
    throw unknownPrompt();
  };
}

async function readPrompt(
  read: PromptTableOptions["read"],
  name: string,
  text: string,
): Promise<readonly number[]> {
  try {
    // At least one token must be left to embed.
    await read(`${text}a`);
    return await read(text);
  } catch (cause) {
    const problem = "is longer than the model takes, or cannot be read";
    throw new Error(`config_sentence_transformers.json: prompts.${shown(name)} ${problem}`, {
      cause,
    });
  }
}

function isSpecial(tokenizer: unknown, id: number | undefined): boolean {
  const added = field(tokenizer, "added_tokens");
  if (!Array.isArray(added)) return false;
  return added.some((token) => field(token, "id") === id && field(token, "special") === true);
}
