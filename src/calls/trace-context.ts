// https://www.w3.org/TR/trace-context/#traceparent-header: version ff and ids of zeros are invalid.
const sound = /^(?!ff)[0-9a-f]{2}-((?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(?:$|-)/;

/**
 * The caller's place in a trace, as version 00 writes it; undefined where `traceparent` is missing or invalid. Of a
 * later version, what version 00 has too is kept.
 */
export function traceparentOf(given: unknown): string | undefined {
  if (typeof given !== "string") return undefined;
  const [, place] = sound.exec(given) ?? [];
  // Only a later version may say more.
  if (place === undefined || (given.length > 55 && given.startsWith("00"))) return undefined;
  return `00-${place}`;
}

/** The trace's id in a valid `traceparent`: 32 hexadecimal digits. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}
