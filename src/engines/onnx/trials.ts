/** Texts that a model reads while it loads. */
import { everyByte, mixedScripts } from "../trial-texts.ts";
import type { Tokens } from "../texts/unread.ts";

/** Texts that reveal problems at load time rather than in a client's call. */
export async function readTrials(tokens: Tokens, maxTokens: number) {
  const most = Math.min(maxTokens, mostTrialTokens);
  // At least a hundred tokens each time.
  const all = `${mixedScripts} `.repeat(1 + most / 100);
  const texts = ["a", mixedScripts, everyByte(), all];
  const read = await tokens.read(texts.map((text) => ({ text, truncate: "end" })));
  // A tokenizer that cannot read a character fails on a client's text too.
  const trials = read.flatMap(({ ids, error }) => (error === undefined ? [ids] : []));
  for (const id of trials.flat()) {
    if (Number.isInteger(id) && id >= 0) continue;
    throw new Error(`the tokenizer gives ${String(id)} as a token id`);
  }
  const computed = trials.map((ids) => ids.slice(0, most));
  const longest = computed.reduce<readonly number[]>((a, b) => (b.length > a.length ? b : a), []);
  if (longest.length === 0) throw new Error("the tokenizer reads no text of any script");
  return { usual: computed[0] ?? [], longest };
}

/**
 * Longer texts are not tried while a model loads: the memory of attention grows with the square of a text's length,
 * some gigabytes for 8192 tokens, and the library keeps the memory.
 */
const mostTrialTokens = 2048;
