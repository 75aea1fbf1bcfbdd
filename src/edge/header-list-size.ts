/**
 * The size of a header list as HTTP/2 counts it for MAX_HEADER_LIST_SIZE (RFC 9113 §6.5.2): bytes of names and
 * values, before compression, and 32 for each pair.
 */
const pairBytes = 32;

/** Counts what Node gives as raw headers: names and values by turns, in Latin-1, so a byte a character. */
export function headerListBytes(rawHeaders: readonly string[]): number {
  let bytes = (rawHeaders.length / 2) * pairBytes;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
}
