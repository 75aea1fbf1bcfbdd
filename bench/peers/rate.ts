/** How many calls a second a server answers, and what each costs it: h2load asks for the same in a closed loop. */
import { type H2loadOptions, runH2load } from "../lib/h2load.ts";
import { cpuMs } from "../lib/process.ts";
import { rounded } from "../lib/statistics.ts";
import type { Target } from "./rpc-target.ts";

/** Of HTTP/2; over HTTP/1.1 there are as many as calls at once. */
export const connections = 4;

export interface Rate {
  /** Calls, or pieces of streams. */
  readonly perSecond: number;
  /** CPU time of the server's processes for each. */
  readonly microseconds: number;
}

export interface Load {
  readonly call: Target;
  readonly atOnce: number;
  /** Pieces in an answer, each of which counts; of a unary one, the answer counts. */
  readonly pieces: number;
  /** Throws where an answer's body is not what it should be. */
  readonly check: (body: Buffer) => void;
  /** The server's processes. */
  readonly pids: () => readonly number[];
  readonly isSmoke: boolean;
}

export async function rateOf({ call, atOnce, pieces, check, pids, isSmoke }: Load): Promise<Rate> {
  const body = await call.ask();
  check(body);
  const options = h2loadOptions(call, atOnce);
  // Code that has not run for a while is not what a busy server runs; nor is anything counted that ends later.
  await runH2load({ ...options, seconds: 3 });
  const cpu = (): number => pids().reduce((sum, pid) => sum + cpuMs(pid), 0);
  const before = cpu();
  const report = await runH2load({ ...options, seconds: isSmoke ? 3 : 5 });
  const ms = cpu() - before;
  // Times in an answer take more or fewer bytes, but a refusal takes nearly none.
  if (report.bodyBytes < report.calls * body.length * 0.9) {
    throw new Error(`${report.calls} answers have ${report.bodyBytes} bytes`);
  }
  return {
    perSecond: rounded(report.callsPerSecond * pieces),
    microseconds: rounded((ms * 1000) / (report.calls * pieces)),
  };
}

function h2loadOptions(call: Target, atOnce: number): Omit<H2loadOptions, "seconds"> {
  return call.protocol === "http/1.1"
    ? { ...call, connections: atOnce, streams: 1 }
    : { ...call, connections, streams: atOnce / connections };
}
