/**
 * Asks connections to end once they have reached an age, so that load spreads over new servers. An age counts from
 * a connection's first call: grpc-js counts from its making, and calls failed on one that was slow to begin.
 */
import type { Http2Server } from "node:http2";
import { agedConnectionMs } from "../base/shutdown-budget.ts";
import type { GoawaySessions } from "./goaway.ts";

export interface AgeLimits {
  /** A tenth more or less, so that connections made together do not end together. Zero never asks. */
  readonly maxConnectionAgeMs: number;
  readonly maxCallMs: number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly sessions: Pick<GoawaySessions, "sendGoaway">;
}

// A connection without calls ages too, but not in the moment of its first one.
const firstCallMs = 10_000;

/** Call it once, before a connection can be made. */
export function limitAge(
  server: Http2Server,
  { maxConnectionAgeMs: ageMs, maxCallMs, random, sessions }: AgeLimits,
): void {
  if (ageMs === 0) return;
  // No call lasts longer, but for a Watch, whose client comes back: age ends no call.
  const graceMs = maxCallMs + agedConnectionMs;
  server.on("session", (session) => {
    const jitteredMs = ageMs * (0.9 + 0.2 * random());
    const endAfter = (waitMs: number): NodeJS.Timeout =>
      setTimeout(() => {
        // The word of grpc-go and grpc-java too.
        void sessions.sendGoaway(session, "max_age");
        timer = setTimeout(() => session.destroy(), graceMs).unref();
      }, waitMs).unref();
    let timer = endAfter(jitteredMs + firstCallMs);
    session.once("stream", () => {
      if (session.closed) return;
      clearTimeout(timer);
      timer = endAfter(jitteredMs);
    });
    session.once("close", () => clearTimeout(timer));
  });
}
