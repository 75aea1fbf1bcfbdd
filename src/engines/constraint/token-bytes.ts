/** A vocabulary as bytes. */
import type { ConstraintVocabulary } from "./matcher.ts";

/** Plain data, to be sent to a thread. */
export interface TokenBytes {
  readonly lengths: Uint32Array;
  readonly bytes: Uint8Array;
}

/** The mark of a token that may come in no text: no text has such a byte. */
const noText = Buffer.from([0xff]);

/** The bytes of all tokens. A last one is added, which stands for every end token. */
export function tokenBytesOf({ size, bytesOf }: ConstraintVocabulary): TokenBytes {
  const tokens = Array.from({ length: size }, (_, token) => {
    const bytes = bytesOf(token);
    return bytes.length > 0 ? bytes : Buffer.concat([noText, Buffer.from(`<${token}>`)]);
  });
  const all = [...tokens, Buffer.concat([noText, Buffer.from("<end>")])];
  return { lengths: Uint32Array.from(all, ({ length }) => length), bytes: Buffer.concat(all) };
}
