import type { Random } from "../lib/random.ts";

/** When calls begin in an open loop, in milliseconds from its start, without end. */
export function* arrivals(
  kind: "poisson" | "constant",
  perSecond: number,
  random: Random,
): Generator<number, never> {
  const meanMs = 1000 / perSecond;
  let atMs = 0;
  for (;;) {
    // The gaps of independent callers are exponentially distributed. 1 − random() is never 0.
    atMs += kind === "constant" ? meanMs : -meanMs * Math.log(1 - random());
    yield atMs;
  }
}
