/** Texts that come as token ids. Nothing is added to them, and they are cut alike, whatever they are. */
import type { GivenIds, TokenizedText } from "./unread.ts";

/** Reads at most `limit` ids. */
export function readIds({ ids, truncate }: GivenIds, limit: number): TokenizedText {
  const { length } = ids;
  if (length <= limit) return { ids: [...ids], truncated: false };
  if (truncate === "none") return { ids: [], truncated: false, error: tooLong(length, limit) };
  const kept = truncate === "end" ? ids.subarray(0, limit) : ids.subarray(length - limit);
  return { ids: [...kept], truncated: true };
}

const tooLong = (tokens: number, limit: number) =>
  ({
    reason: "INPUT_TOO_LONG",
    message: `the text has ${tokens} tokens and the model takes ${limit} tokens; shorten it or set truncation`,
    facts: { tokens: String(tokens), limit: String(limit) },
  }) as const;
