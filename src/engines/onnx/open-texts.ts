/** A model's tokenizer as every kind of model reads texts with it. */
import { lowerCased } from "./lower-case.ts";
import { openTokenBytes } from "./token-bytes.ts";
import { checkTokenIds } from "./token-ids.ts";
import { openTokens } from "./tokens.ts";
import { openVocabulary } from "./vocabulary.ts";

export interface TextConfig {
  readonly maxTokens: number;
  readonly lowercase: boolean;
  /** Token ids that the model knows; undefined where its configuration does not say. */
  readonly vocabularySize: number | undefined;
}

/** `file` is `tokenizer.json`. Fails with a message for the operator. */
export async function openTexts(
  file: Parameters<typeof checkTokenIds>[0],
  { maxTokens, lowercase, vocabularySize: known }: TextConfig,
) {
  checkTokenIds(file, known);
  const tokenizer = lowercase ? lowerCased(file) : file;
  const { vocabulary, vocabularySize } = openVocabulary(JSON.stringify(tokenizer));
  const tokenBytes = openTokenBytes(tokenizer);
  const tokens = await openTokens(vocabulary, maxTokens);
  return { tokenizer, vocabulary, vocabularySize, tokenBytes, tokens };
}
