/** A server that is measured beside others: what the scenarios ask of each, whatever it speaks. */
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
