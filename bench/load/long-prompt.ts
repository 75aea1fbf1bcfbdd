/**
 * What a long prompt does to those who are being answered: some streams run undisturbed, then the prompt
 * enters, and their rate and gaps are compared between the two times.
 */
import { seededRandom } from "../lib/random.ts";
import { median, rounded, type Spread, spread } from "../lib/statistics.ts";
import type { LoadClock } from "./drive.ts";
import { tokenPrompt } from "./requests.ts";
import type { StreamRequest, StreamTarget } from "./target.ts";

export interface LongPromptOptions {
  readonly streams: number;
  readonly promptTokens: number;
  /** Tokens that every stream gives before, undisturbed. */
  readonly undisturbedTokens: number;
  readonly repeats: number;
  readonly clock: Pick<LoadClock, "now">;
}

export interface LongPromptResult {
  readonly undisturbed: Phase;
  readonly disturbed: Phase;
  /** Of a stream's rate, the median over the repeats. */
  readonly rateKept: number;
  /** The 99th percentile gap, against the undisturbed one. */
  readonly gapGrowth: number;
  readonly longPromptFirstTokenMs: Spread | undefined;
}

export interface Phase {
  readonly tokensPerSecondOfStream: number;
  readonly gapMs: Spread | undefined;
}

export async function measureLongPrompt(
  target: StreamTarget,
  options: LongPromptOptions,
): Promise<LongPromptResult> {
  const runs: Run[] = [];
  for (let repeat = 0; repeat < options.repeats; repeat += 1) {
    runs.push(await runOnce(target, options, repeat));
  }
  const undisturbed = phase(runs.map(({ before }) => before));
  const disturbed = phase(runs.map(({ during }) => during));
  return {
    undisturbed,
    disturbed,
    rateKept: rounded(median(runs.map(({ before, during }) => during.rate / before.rate))),
    gapGrowth: rounded((disturbed.gapMs?.p99 ?? NaN) / (undisturbed.gapMs?.p99 ?? NaN)),
    longPromptFirstTokenMs: spread(runs.map(({ firstTokenMs }) => firstTokenMs)),
  };
}

interface Run {
  readonly before: Window;
  readonly during: Window;
  readonly firstTokenMs: number;
}

interface Window {
  /** Tokens a second of a stream. */
  readonly rate: number;
  /** Every gap that reaches into the window, whole: a stall ends only after what caused it. */
  readonly gapsMs: readonly number[];
}

// More than any stream gives before it is cancelled.
const endlessTokens = 4000;

// Only the first counts; a server may hold some back until they make a whole character.
const answerTokens = 8;

async function runOnce(
  target: StreamTarget,
  { streams, promptTokens, undisturbedTokens, clock }: LongPromptOptions,
  repeat: number,
): Promise<Run> {
  const cancel = new AbortController();
  const random = seededRandom(repeat + 1);
  const request = (tokens: number, newTokens: number): StreamRequest => {
    return { prompt: tokenPrompt(random, tokens), newTokens, seed: repeat };
  };
  const watches = Array.from({ length: streams }, () => {
    const watch = new Watch(clock);
    const reader = { signal: cancel.signal, onTokens: (count: number) => watch.add(count) };
    void target(request(32, endlessTokens), reader).then(({ code }) => watch.end(code));
    return watch;
  });
  try {
    const all = (tokens: number): Promise<unknown> =>
      Promise.all(watches.map((watch) => watch.reached(watch.tokens + tokens)));
    // Until all of them have started, they disturb each other.
    await all(8);
    const startMs = clock.now();
    await all(undisturbedTokens);
    const enterMs = clock.now();
    const firstTokenMs = await firstToken(target, request(promptTokens, answerTokens), clock);
    const doneMs = enterMs + firstTokenMs;
    // A gap that the prompt caused may not have ended yet.
    await all(1);
    return {
      before: windowOf(watches, startMs, enterMs),
      during: windowOf(watches, enterMs, doneMs),
      firstTokenMs,
    };
  } finally {
    cancel.abort();
    await Promise.all(watches.map(({ ended }) => ended));
  }
}

async function firstToken(
  target: StreamTarget,
  request: StreamRequest,
  clock: LongPromptOptions["clock"],
): Promise<number> {
  const startMs = clock.now();
  let firstMs: number | undefined;
  const { code } = await target(request, {
    signal: new AbortController().signal,
    onTokens: () => (firstMs ??= clock.now() - startMs),
  });
  if (firstMs === undefined) throw new Error(`the long prompt was not answered: ${code}`);
  return firstMs;
}

function windowOf(watches: readonly Watch[], fromMs: number, toMs: number): Window {
  const tokens = watches.map((watch) => watch.tokensIn(fromMs, toMs)).reduce((a, b) => a + b, 0);
  return {
    rate: tokens / watches.length / ((toMs - fromMs) / 1000),
    gapsMs: watches.flatMap((watch) => watch.gapsIn(fromMs, toMs)),
  };
}

function phase(windows: readonly Window[]): Phase {
  return {
    tokensPerSecondOfStream: rounded(median(windows.map(({ rate }) => rate))),
    gapMs: spread(windows.flatMap(({ gapsMs }) => gapsMs)),
  };
}

/** Writes down one stream, and wakes those who wait for it. */
class Watch {
  readonly ended: Promise<void>;
  readonly #clock: LongPromptOptions["clock"];
  readonly #arrivals: { readonly atMs: number; readonly tokens: number }[] = [];
  readonly #ending = Promise.withResolvers<undefined>();
  readonly #waiting: { readonly tokens: number; readonly wake: () => void }[] = [];
  #tokens = 0;
  #code: string | undefined;

  constructor(clock: LongPromptOptions["clock"]) {
    this.#clock = clock;
    this.ended = this.#ending.promise;
  }

  get tokens(): number {
    return this.#tokens;
  }

  add(tokens: number): void {
    this.#tokens += tokens;
    this.#arrivals.push({ atMs: this.#clock.now(), tokens });
    for (const { wake, tokens: wanted } of this.#waiting) if (this.#tokens >= wanted) wake();
  }

  end(code: string): void {
    this.#code = code;
    this.#ending.resolve(undefined);
  }

  /** Throws where the stream ends before. */
  async reached(tokens: number): Promise<void> {
    if (this.#tokens >= tokens) return;
    await Promise.race([
      new Promise<void>((wake) => this.#waiting.push({ tokens, wake })),
      this.ended,
    ]);
    if (this.#tokens < tokens) throw new Error(`a stream ended too early: ${this.#code ?? ""}`);
  }

  tokensIn(fromMs: number, toMs: number): number {
    const within = this.#arrivals.filter(({ atMs }) => atMs > fromMs && atMs <= toMs);
    return within.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  gapsIn(fromMs: number, toMs: number): readonly number[] {
    return this.#arrivals.slice(1).flatMap(({ atMs }, index) => {
      const beforeMs = this.#arrivals[index]?.atMs ?? atMs;
      return atMs > fromMs && beforeMs < toMs ? [atMs - beforeMs] : [];
    });
  }
}
