/**
 * How fast prompts are read: long ones alone and several at once, mixed lengths, and a short one that arrives
 * while long ones are read.
 */
import { type Random, seededRandom, wholeBetween } from "../lib/random.ts";
import { median, rounded } from "../lib/statistics.ts";
import { type CallRecord, drive, type LoadClock } from "./drive.ts";
import { assertRead } from "./measure.ts";
import { tokenPrompt } from "./requests.ts";
import { summarize } from "./summary.ts";
import type { StreamRequest, StreamTarget } from "./target.ts";
import { timedCall } from "./timed-call.ts";

export interface PromptsOptions {
  /** Of a long and of a short prompt. */
  readonly longTokens: number;
  readonly shortTokens: number;
  /** Long prompts that come one at a time, and those that four callers share. */
  readonly alone: number;
  readonly together: number;
  /** Lengths of the mixed prompts, for one caller and for four; their order is drawn. */
  readonly mixAlone: readonly number[];
  readonly mixTogether: readonly number[];
  /** How often a short prompt arrives while four long ones are read. */
  readonly arrivals: number;
  readonly answerTokens: number;
  /** Other seeds have other prompts. */
  readonly seed: number;
  readonly clock: LoadClock;
}

/** What one load showed. */
export interface Reading {
  /** Over the whole time, answers included. */
  readonly promptTokensPerSecond: number;
  readonly calls: readonly ReadPrompt[];
}

interface ReadPrompt {
  readonly tokens: number;
  readonly firstTokenMs: number;
  /** Until its answer had ended. */
  readonly totalMs: number;
}

/** A short prompt that arrived while four long ones were read. */
interface Arrival {
  /** The same length on an idle server. */
  readonly aloneMs: number;
  readonly firstTokenMs: number;
  /** Long ones that had their first token before it. */
  readonly before: number;
}

export interface PromptsResult {
  readonly alone: Reading;
  readonly together: Reading;
  readonly mixAlone: Reading;
  readonly mixTogether: Reading;
  readonly arrivals: readonly Arrival[];
}

/** Callers at once, where they are several. */
export const callersTogether = 4;

export async function measurePrompts(
  target: StreamTarget,
  options: PromptsOptions,
): Promise<PromptsResult> {
  const { longTokens, answerTokens, clock } = options;
  let seed = options.seed * 1000;
  const run = (lengths: readonly number[], callers: number): Promise<Reading> =>
    read(target, { lengths, callers, answerTokens, seed: (seed += 1), clock });
  const mixed = (lengths: readonly number[]): readonly number[] =>
    shuffled(lengths, seededRandom(options.seed + 1));
  // The first call of all pages the weights in.
  await run([options.shortTokens], 1);
  const alone = await run(repeated(longTokens, options.alone), 1);
  const together = await run(repeated(longTokens, options.together), callersTogether);
  const mixAlone = await run(mixed(options.mixAlone), 1);
  const mixTogether = await run(mixed(options.mixTogether), callersTogether);
  // So early that all of them are still being read.
  const afterMs = medianFirstTokenMs(alone) / 4;
  const arrivals: Arrival[] = [];
  for (let time = 0; time < options.arrivals; time += 1) {
    arrivals.push(await arrive(target, { ...options, seed: (seed += 1), afterMs }));
  }
  return { alone, together, mixAlone, mixTogether, arrivals };
}

/** The median first token of a reading. */
export function medianFirstTokenMs({ calls }: Reading): number {
  return median(calls.map((call) => call.firstTokenMs));
}

interface Load {
  readonly lengths: readonly number[];
  readonly callers: number;
  readonly answerTokens: number;
  readonly seed: number;
  readonly clock: LoadClock;
}

/** Reads prompts of these lengths in this order: each caller begins the next when its last call has ended. */
async function read(
  target: StreamTarget,
  { lengths, callers, answerTokens, seed, clock }: Load,
): Promise<Reading> {
  const driven = await drive(target, {
    load: { kind: "closed", streams: callers },
    calls: lengths.length,
    durationMs: Infinity,
    request: (index) => request({ seed, index, tokens: lengths[index] ?? 0, answerTokens }),
    clock,
  });
  const summary = summarize(driven);
  const wanted = lengths.reduce((sum, tokens) => sum + tokens, 0);
  if (summary.completed < lengths.length || summary.promptTokens !== wanted) {
    const errors = JSON.stringify(summary.errors);
    throw new Error(`not all prompts were read: ${summary.promptTokens} of ${wanted}, ${errors}`);
  }
  assertRead(summary);
  return {
    promptTokensPerSecond: rounded(wanted / ((driven.endMs - driven.startMs) / 1000)),
    calls: driven.calls.map(readPrompt),
  };
}

function readPrompt({ arrivals: [first], intendedMs, endMs, end }: CallRecord): ReadPrompt {
  if (first === undefined) throw new Error("a prompt was answered with nothing");
  const firstTokenMs = first.atMs - intendedMs;
  return { tokens: end.promptTokens, firstTokenMs, totalMs: endMs - intendedMs };
}

interface ArrivalOptions extends PromptsOptions {
  /** How long the long ones have been there when it arrives. */
  readonly afterMs: number;
}

async function arrive(target: StreamTarget, options: ArrivalOptions): Promise<Arrival> {
  const { longTokens, shortTokens, answerTokens, afterMs, clock, seed } = options;
  const short = (index: number) =>
    timedCall(target, request({ seed, index, tokens: shortTokens, answerTokens }), clock);
  // What was cancelled last time has gone once this one is answered.
  await short(0);
  const alone = await short(1);
  const cancel = new AbortController();
  const firstAtMs: number[] = [];
  const long = Array.from({ length: callersTogether }, (_, index) => {
    const onTokens = (): void => void (firstAtMs[index] ??= clock.now());
    const asked = request({ seed, index: index + 10, tokens: longTokens, answerTokens });
    return target(asked, { signal: cancel.signal, onTokens });
  });
  const arrivedMs = clock.now() + afterMs;
  await clock.until(arrivedMs);
  const { firstTokenMs } = await short(2).finally(() => cancel.abort());
  const ends = await Promise.all(long);
  const failed = ends.find(({ code }) => code !== "OK" && code !== "CANCELLED");
  if (failed !== undefined) throw new Error(`a long prompt was not read: ${failed.code}`);
  return {
    aloneMs: rounded(alone.firstTokenMs),
    firstTokenMs: rounded(firstTokenMs),
    before: firstAtMs.filter((atMs) => atMs < arrivedMs + firstTokenMs).length,
  };
}

interface Asked {
  readonly seed: number;
  readonly index: number;
  readonly tokens: number;
  readonly answerTokens: number;
}

function request({ seed, index, tokens, answerTokens }: Asked): StreamRequest {
  const random = seededRandom(seed * 1_000_003 + index);
  return { prompt: tokenPrompt(random, tokens), newTokens: answerTokens, seed: index };
}

function shuffled(lengths: readonly number[], random: Random): readonly number[] {
  const order = [...lengths];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = wholeBetween(random, 0, last);
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order;
}

/** So many of the same length. */
export function repeated(tokens: number, count: number): readonly number[] {
  return Array.from({ length: count }, () => tokens);
}
