const unitsMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};
// The longest that a timer of Node.js, and grpc-js's 32 bits, can count.
const longestTimerMs = 2 ** 31 - 1;

/** Reads a `grpc-timeout` in milliseconds. Undefined for what is none. */
function readTimeout(header: string): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(header) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  return Number(digits) * (unitsMs[unit] ?? 0);
}

export type Timeout =
  | { readonly kind: "none" }
  | { readonly kind: "invalid" }
  /** How grpc-js is to read it: whole milliseconds, rounded up. */
  | { readonly kind: "some"; readonly header: string };

/**
 * Decides a call's timeout: the caller's, but at most `maxMs`. grpc-js counts in 32 bits, so that one
 * past 24.8 days would be over at once, and it cuts fractions of a millisecond.
 */
export function timeoutOf(header: string | undefined, maxMs: number): Timeout {
  const asked = header === undefined ? Infinity : readTimeout(header);
  if (asked === undefined) return { kind: "invalid" };
  const ms = Math.ceil(Math.min(asked, maxMs));
  if (ms > longestTimerMs) return { kind: "none" };
  // Eight digits are all that the header takes; a timer's most milliseconds are ten.
  return { kind: "some", header: ms < 1e8 ? `${ms}m` : `${Math.ceil(ms / 1000)}S` };
}
