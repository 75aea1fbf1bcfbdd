/** A model's `tokenizer.json`, opened by the library that its authors use. */
import { Tokenizer } from "tokenizers";

/** The part of the library's `Encoding` that is used. */
export interface Encoding {
  getIds(): readonly number[];
  /** 1 for each token that the model's template added around the text. */
  getSpecialTokensMask(): readonly number[];
}

/** An encoding that also tells what its tokens are and where. */
export interface PlacedEncoding extends Encoding {
  getTokens(): readonly string[];
  /** Two for each token: where it begins and ends in the text, in characters. */
  getOffsets(): readonly (readonly number[])[];
}

export interface PairEncoding extends Encoding {
  /** 0 for each token of the first text, 1 for the second's, and nothing for what the template added. */
  getSequenceIds(): readonly (number | null | undefined)[];
  getTypeIds(): readonly number[];
}

/** The part of the library's `Tokenizer` that is used. It computes on another thread, one call at a time. */
export interface Vocabulary {
  /** Special tokens included by default. Rejects where it cannot read one of the texts, and says not which. */
  encodeBatch(texts: string[], options?: EncodeOptions): Promise<readonly Encoding[]>;
}

/** The same library, for questions. */
export interface PlacingVocabulary extends Vocabulary {
  encodeBatch(texts: string[], options?: EncodeOptions): Promise<readonly PlacedEncoding[]>;
  decode(ids: number[], skipSpecial: boolean): Promise<string>;
}

export interface PairVocabulary {
  encode(text: string, pair: string): Promise<PairEncoding>;
}

export interface EncodeOptions {
  readonly addSpecialTokens: boolean;
}

export interface OpenVocabulary {
  readonly vocabulary: PlacingVocabulary & PairVocabulary;
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
export async function encodeEach<E extends Encoding>(
  vocabulary: { encodeBatch(texts: string[], options?: EncodeOptions): Promise<readonly E[]> },
  texts: readonly string[],
  options: EncodeOptions = { addSpecialTokens: true },
): Promise<readonly (E | undefined)[]> {
  try {
    return await vocabulary.encodeBatch([...texts], options);
  } catch {
    // The error can quote the text, so it is not passed on.
    if (texts.length <= 1) return texts.map(() => undefined);
  }
  const encodings: (E | undefined)[] = [];
  for (const text of texts) encodings.push(...(await encodeEach(vocabulary, [text], options)));
  return encodings;
}
