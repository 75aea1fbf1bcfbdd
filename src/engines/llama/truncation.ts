/**
 * How much of a text is tokenized if only its beginning or its end is kept. A tokenizer reads a text in one call, at
 * some megabytes per second, and no step is computed meanwhile. So it gets little more than what can matter, however
 * long the text is.
 *
 * A cut changes the adjacent tokens, if only by splitting a character. In BPE vocabularies it changes none beyond its
 * word: a pattern that looks at most one character ahead splits texts into words, and each is tokenized alone. The
 * other kinds have no such pattern, but rarely a token that continues after a space. So `slackTokens` more than wanted
 * are read, and dropped with what the cut has changed. The kept tokens are those of the whole text, unless a word at
 * the cut has more tokens than that. Of such a word, a megabyte without a space, the kept part is tokenized as if the
 * rest did not exist.
 */
import type { Truncation } from "../engine.ts";

/** What is wanted of a text. */
export interface Wanted {
  /** The end that is dropped. */
  readonly drop: Exclude<Truncation, "none">;
  /** Stop once there are this many tokens. */
  readonly tokens: number;
}

/** Tokens near a cut that can differ from the whole text's. */
export const slackTokens = 256;
/** More than a token has in most texts, so that one try is usually enough. */
export const likelyLength = 8;
export const growth = 4;

/** Tokenizes a text from the end that is kept, until `wanted.tokens` are there or all of it is read. */
export function readTruncated(
  text: string,
  wanted: Wanted,
  read: (text: string) => Int32Array,
): Int32Array {
  for (let length = wanted.tokens * likelyLength; length < text.length; length *= growth) {
    const excerpt = wanted.drop === "end" ? text.slice(0, length) : text.slice(-length);
    const tokens = read(excerpt);
    if (tokens.length >= wanted.tokens) return tokens;
  }
  return read(text);
}
