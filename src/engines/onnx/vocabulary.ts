/** A model's `tokenizer.json`, opened by the library that its authors use. */
import { Tokenizer } from "tokenizers";

/** The part of the library's `Encoding` that is used. */
export interface Encoding {
  getIds(): readonly number[];
  /** 1 for each token that the model's template added around the text. */
  getSpecialTokensMask(): readonly number[];
}

/** The part of the library's `Tokenizer` that is used. It computes on another thread, one call at a time. */
export interface Vocabulary {
  /** Special tokens included by default. Rejects where it cannot read one of the texts, and says not which. */
  encodeBatch(texts: string[], options?: EncodeOptions): Promise<readonly Encoding[]>;
}

export interface EncodeOptions {
  readonly addSpecialTokens: boolean;
}

export interface OpenVocabulary {
  readonly vocabulary: Vocabulary;
  /** One above the highest token id. */
  readonly vocabularySize: number;
}

/** Takes the file's text. Fails with a message for the operator. */
export function openVocabulary(json: string): OpenVocabulary {
  try {
    const tokenizer = Tokenizer.fromString(json);
    // The file's truncation and padding are the last user's choice, not the model's. A text must not be truncated
    // silently, and a batch is padded when it is computed.
    tokenizer.disableTruncation();
    tokenizer.disablePadding();
    let highest = -1;
    for (const id of Object.values(tokenizer.getVocab(true))) highest = Math.max(highest, id);
    return { vocabulary: tokenizer, vocabularySize: highest + 1 };
  } catch (thrown) {
    throw new Error("tokenizer.json cannot be used", { cause: thrown });
  }
}

/** The library rejects a whole call for one text that it cannot tokenize. Then each text is tokenized alone. */
export async function encodeEach(
  vocabulary: Vocabulary,
  texts: readonly string[],
  options: EncodeOptions = { addSpecialTokens: true },
): Promise<readonly (Encoding | undefined)[]> {
  try {
    return await vocabulary.encodeBatch([...texts], options);
  } catch {
    // The error can quote the text, so it is not passed on.
    if (texts.length <= 1) return texts.map(() => undefined);
  }
  const encodings: (Encoding | undefined)[] = [];
  for (const text of texts) encodings.push(...(await encodeEach(vocabulary, [text], options)));
  return encodings;
}
