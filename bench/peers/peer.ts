/** A server that is measured beside others: what the scenarios ask of each, whatever it speaks. */
import { setTimeout as wait } from "node:timers/promises";
import { realClock } from "../load/clock.ts";
import type { StreamRequest, StreamTarget } from "../load/target.ts";
import type { Silent } from "./http-stream.ts";

export interface Peer {
  readonly stream: StreamTarget;
  /** Its process; children of it belong to it. */
  readonly pid: number;
  /** Tokens that it has generated so far, whether somebody read them or not; exact while it is idle. */
  readonly generated: () => Promise<number>;
  /** Whether nothing runs in it. */
  readonly isIdle: () => Promise<boolean>;
  /** Begins a stream that nobody reads. */
  readonly silent: (call: StreamRequest) => Silent;
}

const patienceMs = 60_000;
/** What a server tells may be 100 ms old. */
const restMs = 250;

/** Waits until nothing runs in it, and gives the moment from which on that was so. */
export async function rest(peer: Peer): Promise<number> {
  const untilMs = realClock.now() + patienceMs;
  let since = 0;
  while (realClock.now() < untilMs) {
    if (!(await peer.isIdle())) since = 0;
    else if (since === 0) since = realClock.now();
    else if (realClock.now() - since > restMs) return since;
    await wait(20);
  }
  throw new Error("the server did not come to rest");
}
