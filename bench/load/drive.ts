/**
 * Puts a load on a target and writes down when everything happened.
 *
 * Closed loop: each of some callers begins a call when its last one has ended; it finds out how fast the
 * target can be. Open loop: calls begin at times that do not depend on the target, as real callers do,
 * and latency counts from then, so that a target which stalls cannot hide it by slowing its callers
 * ("coordinated omission").
 */
import type { StreamEnd, StreamRequest, StreamTarget } from "./target.ts";

export type Load =
  | { readonly kind: "closed"; readonly streams: number }
  /** When calls begin, in milliseconds from the start, ascending and without end. */
  | { readonly kind: "open"; readonly arrivalsMs: Iterable<number> };

export interface DriveOptions {
  readonly load: Load;
  /** No call begins after this many, or after this long; at least one of them is finite. */
  readonly calls: number;
  readonly durationMs: number;
  request(index: number): StreamRequest;
  /** Cancels each call after this many messages with tokens. */
  readonly cancelAfter?: number;
  readonly clock: LoadClock;
}

export interface LoadClock {
  /** Monotonic, in milliseconds, finer than a microsecond. */
  now(): number;
  until(atMs: number): Promise<void>;
  /** Calls once at that time; the result calls it off. */
  at(atMs: number, call: () => void): () => void;
}

/** One call, by the load's clock. */
export interface CallRecord {
  readonly intendedMs: number;
  readonly sentMs: number;
  readonly endMs: number;
  /** Messages with tokens: when they came and how many tokens they carried. */
  readonly arrivals: readonly { readonly atMs: number; readonly tokens: number }[];
  /** Cancelled by `cancelAfter`; or cut off because a closed loop's time was over. */
  readonly ended: "by itself" | "cancelled" | "cut off";
  readonly end: StreamEnd;
}

export interface Drive {
  readonly startMs: number;
  readonly endMs: number;
  readonly calls: readonly CallRecord[];
}

export async function drive(target: StreamTarget, options: DriveOptions): Promise<Drive> {
  const { load, clock } = options;
  const startMs = clock.now();
  const calls: CallRecord[] = [];
  const endOfTime = new AbortController();
  const run = async (index: number, intendedMs: number): Promise<void> => {
    calls.push(await runCall(target, { index, intendedMs, endOfTime: endOfTime.signal, options }));
  };
  if (load.kind === "open") {
    await runOpen(run, load.arrivalsMs, { startMs, options });
    return { startMs, endMs: clock.now(), calls };
  }
  const endMs = startMs + options.durationMs;
  const callOff = Number.isFinite(endMs) ? clock.at(endMs, () => endOfTime.abort()) : undefined;
  await runClosed(run, load.streams, { endMs, options });
  callOff?.();
  return { startMs, endMs: Math.min(endMs, clock.now()), calls };
}

type Run = (index: number, intendedMs: number) => Promise<void>;

async function runClosed(
  run: Run,
  streams: number,
  { endMs, options }: { readonly endMs: number; readonly options: DriveOptions },
): Promise<void> {
  const { calls, clock } = options;
  let begun = 0;
  const caller = async (): Promise<void> => {
    while (begun < calls && clock.now() < endMs) await run(begun++, clock.now());
  };
  await Promise.all(Array.from({ length: streams }, caller));
}

async function runOpen(
  run: Run,
  arrivalsMs: Iterable<number>,
  { startMs, options }: { readonly startMs: number; readonly options: DriveOptions },
): Promise<void> {
  const { calls, durationMs, clock } = options;
  const open: Promise<void>[] = [];
  for (const offsetMs of arrivalsMs) {
    if (open.length >= calls || offsetMs >= durationMs) break;
    await clock.until(startMs + offsetMs);
    open.push(run(open.length, startMs + offsetMs));
  }
  await Promise.all(open);
}

interface CallOptions {
  readonly index: number;
  readonly intendedMs: number;
  readonly endOfTime: AbortSignal;
  readonly options: DriveOptions;
}

async function runCall(target: StreamTarget, call: CallOptions): Promise<CallRecord> {
  const { index, intendedMs, endOfTime, options } = call;
  const { clock, cancelAfter = Infinity } = options;
  const cancel = new AbortController();
  const arrivals: { atMs: number; tokens: number }[] = [];
  const sentMs = clock.now();
  const end = await target(options.request(index), {
    signal: AbortSignal.any([cancel.signal, endOfTime]),
    onTokens: (tokens) => {
      arrivals.push({ atMs: clock.now(), tokens });
      if (arrivals.length >= cancelAfter) cancel.abort();
    },
  });
  return { intendedMs, sentMs, endMs: clock.now(), arrivals, ended: endedHow(end), end };

  function endedHow({ code }: StreamEnd): CallRecord["ended"] {
    if (code === "OK") return "by itself";
    if (cancel.signal.aborted) return "cancelled";
    return endOfTime.aborted ? "cut off" : "by itself";
  }
}
