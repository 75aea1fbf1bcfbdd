// https://www.w3.org/TR/trace-context/#traceparent-header: version ff and ids of zeros are invalid.
const traceparent =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/;

/** The id of the trace that a call belongs to; undefined where its `traceparent` is missing or invalid. */
export function traceIdOf(given: unknown): string | undefined {
  if (typeof given !== "string") return undefined;
  const [, traceId] = traceparent.exec(given) ?? [];
  // Only a later version may say more.
  return given.length > 55 && given.startsWith("00") ? undefined : traceId;
}
