/**
 * How much of a text is read where only its beginning or its end is kept. A tokenizer reads a text in one
 * go, at some megabytes a second, and no step is computed meanwhile: so it is given little more than what can
 * matter, however long the text is.
 *
 * A cut changes the tokens beside it, if only half a character's. In BPE vocabularies it changes none
 * beyond its word: a pattern that looks at most one character ahead divides texts into words, and each is read
 * by itself. The other kinds have no such pattern, but hardly a token that goes on after a space. So
 * `slackTokens` more than wanted are read, and thrown away with what the cut has changed. The tokens that
 * are kept are those of the whole text unless a word at the cut has more than so many; of such a word, a
 * megabyte without a space, what is kept is read as if the rest had not been there.
 */
import type { Truncation } from "../engine.ts";

/** What is wanted of a text. */
export interface Wanted {
  /** The end that is dropped. */
  readonly drop: Exclude<Truncation, "none">;
  /** Stop once there are so many tokens. */
  readonly tokens: number;
}

/** Tokens beside a cut that may be other than the whole text's. */
export const slackTokens = 256;
/** More than a token has in most texts, so that one try is mostly enough. */
export const likelyLength = 8;
export const growth = 4;

/** Reads a text from the end that is kept, until `wanted.tokens` are there or all of it is read. */
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
