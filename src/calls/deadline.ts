import { ServeError } from "../base/errors.ts";
import type { Interceptor } from "./intercept.ts";

// setTimeout takes a longer delay for 1 ms, which would end the call at once.
const longestTimerMs = 2 ** 31 - 1;

/**
 * Caps every call's deadline at `maxMs` from now and aborts the call when it passes. Infinity leaves
 * the caller's own.
 *
 * It aborts the call and not just its handler: a handler may be waiting for a caller who never reads.
 */
export function deadline(maxMs: number): Interceptor {
  return (context) => {
    const now = performance.now();
    const at = Math.min(context.deadline, now + maxMs);
    if (at <= now) throw ServeError.of("DEADLINE_PASSED");
    const leftMs = at - now;
    const end = (): void => context.abort(ServeError.of("DEADLINE_PASSED"));
    const timer = leftMs <= longestTimerMs ? setTimeout(end, leftMs) : undefined;
    return {
      context: at === context.deadline ? context : { ...context, deadline: at },
      ended: () => clearTimeout(timer),
    };
  };
}
