/** How long a caller will wait: a header of its own, or the one that OpenAI's clients send. */
import type { IncomingHttpHeaders } from "node:http";
import { ServeError } from "../base/errors.ts";

const units: Readonly<Record<string, number>> = { "": 1000, s: 1000, ms: 1, m: 60_000 };

/** Milliseconds; Infinity where none is stated. */
export function timeoutOf(headers: IncomingHttpHeaders): number {
  const own = headers["x-request-timeout"];
  if (own !== undefined) return milliseconds(String(own));
  const client = headers["x-stainless-timeout"];
  // It says "NaN" or the like where its user set none.
  const seconds = Number(client);
  return client !== undefined && seconds > 0 ? seconds * 1000 : Infinity;
}

function milliseconds(text: string): number {
  const [, digits, unit = ""] = /^(\d{1,9}(?:\.\d{1,9})?)(ms|s|m)?$/.exec(text) ?? [];
  if (digits !== undefined) return Number(digits) * (units[unit] ?? 1000);
  const message = "x-request-timeout must be seconds, such as 30, or a number with ms, s or m";
  throw new ServeError("TIMEOUT_INVALID", message);
}
