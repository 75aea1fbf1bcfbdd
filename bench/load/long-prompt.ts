/**
 * What a long prompt does to those who are being answered. Some streams run, the prompt enters, and their
 * rate and gaps until its first token are compared with those of the same streams over the same of their
 * tokens where no prompt enters: a stream's steps take longer as it grows, which is not the prompt's doing.
 */
import { seededRandom } from "../lib/random.ts";
import { median, rounded, type Spread, spread } from "../lib/statistics.ts";
import type { LoadClock } from "./drive.ts";
import { assertRead } from "./measure.ts";
import { tokenPrompt } from "./requests.ts";
import type { StreamTarget } from "./target.ts";
import { timedCall } from "./timed-call.ts";
import { Watch } from "./watch.ts";

export interface LongPromptOptions {
  readonly streams: number;
  readonly promptTokens: number;
  /** Tokens that every stream gives before the prompt enters, and the fewest that are compared. */
  readonly undisturbedTokens: number;
  readonly repeats: number;
  /** Other seeds have other prompts, so that one server can be measured twice. Zero where it is left out. */
  readonly seed?: number;
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

interface Phase {
  readonly tokensPerSecondOfStream: number;
  readonly gapMs: Spread | undefined;
}

export async function measureLongPrompt(
  target: StreamTarget,
  options: LongPromptOptions,
): Promise<LongPromptResult> {
  const runs: Run[] = [];
  for (let repeat = 0; repeat < options.repeats; repeat += 1) {
    runs.push(await runOnce(target, options, (options.seed ?? 0) * 1000 + repeat));
  }
  const undisturbed = phase(runs.map((run) => run.undisturbed));
  const disturbed = phase(runs.map((run) => run.disturbed));
  return {
    undisturbed,
    disturbed,
    rateKept: rounded(median(runs.map((run) => run.disturbed.rate / run.undisturbed.rate))),
    gapGrowth: rounded((disturbed.gapMs?.p99 ?? NaN) / (undisturbed.gapMs?.p99 ?? NaN)),
    longPromptFirstTokenMs: spread(runs.map(({ firstTokenMs }) => firstTokenMs)),
  };
}

interface Run {
  readonly undisturbed: Window;
  readonly disturbed: Window;
  readonly firstTokenMs: number;
}

interface Window {
  /** Tokens a second of a stream. */
  readonly rate: number;
  /** Every gap that reaches into the window, whole: a stall ends only after what caused it. */
  readonly gapsMs: readonly number[];
}

/** What every stream gave from one time to another, in tokens. */
type Range = readonly { readonly from: number; readonly to: number }[];

// More than any stream gives before it is cancelled.
const endlessTokens = 4000;

// Only the first counts; a server may hold some back until they make a whole character.
const answerTokens = 8;

async function runOnce(
  target: StreamTarget,
  options: LongPromptOptions,
  seed: number,
): Promise<Run> {
  const { promptTokens, undisturbedTokens, clock } = options;
  const { range, ...run } = await withStreams(target, options, seed, async (streams, random) => {
    await streams.all(undisturbedTokens);
    const enterMs = clock.now();
    const from = streams.tokens();
    const request = { prompt: tokenPrompt(random, promptTokens), newTokens: answerTokens, seed };
    const { firstTokenMs, end } = await timedCall(target, request, clock);
    assertRead({ ...end, completed: 1 });
    const disturbed = { fromMs: enterMs, toMs: enterMs + firstTokenMs };
    const to = streams.tokens();
    // A gap that the prompt caused may not have ended yet.
    await streams.all(1);
    const range = from.map((tokens, index) => {
      return { from: tokens, to: Math.max(to[index] ?? 0, tokens + undisturbedTokens) };
    });
    return { range, disturbed: streams.window(disturbed), firstTokenMs };
  });
  const undisturbed = await withStreams(target, options, seed, async (streams) => {
    await streams.reach(range.map(({ to }) => to));
    return streams.windowOf(range);
  });
  return { ...run, undisturbed };
}

/** Runs endless streams while `act` goes on. */
async function withStreams<T>(
  target: StreamTarget,
  { streams, clock }: LongPromptOptions,
  seed: number,
  act: (streams: Streams, random: () => number) => Promise<T>,
): Promise<T> {
  const cancel = new AbortController();
  const random = seededRandom(seed + 1);
  const watches = Array.from({ length: streams }, () => {
    const watch = new Watch(clock);
    const reader = { signal: cancel.signal, onTokens: (count: number) => watch.add(count) };
    const request = { prompt: tokenPrompt(random, 32), newTokens: endlessTokens, seed };
    void target(request, reader).then(({ code }) => watch.end(code));
    return watch;
  });
  try {
    const all = new Streams(watches);
    // Until all of them have started, they disturb each other.
    await all.all(8);
    return await act(all, random);
  } finally {
    cancel.abort();
    await Promise.all(watches.map(({ ended }) => ended));
  }
}

/** The streams together. */
class Streams {
  readonly #watches: readonly Watch[];

  constructor(watches: readonly Watch[]) {
    this.#watches = watches;
  }

  tokens(): readonly number[] {
    return this.#watches.map(({ tokens }) => tokens);
  }

  /** Until each has given so many more tokens. */
  async all(tokens: number): Promise<void> {
    await this.reach(this.tokens().map((given) => given + tokens));
  }

  /** Until each has given so many tokens in all. */
  async reach(tokens: readonly number[]): Promise<void> {
    await Promise.all(this.#watches.map((watch, index) => watch.reached(tokens[index] ?? 0)));
  }

  window({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): Window {
    const tokens = this.#watches.map((watch) => watch.tokensIn(fromMs, toMs));
    return {
      rate: mean(tokens) / ((toMs - fromMs) / 1000),
      gapsMs: this.#watches.flatMap((watch) => watch.gapsIn(fromMs, toMs)),
    };
  }

  /** The time that each took for its part of the range. */
  windowOf(range: Range): Window {
    const parts = this.#watches.map((watch, index) => {
      const { from, to } = range[index] ?? { from: 0, to: 0 };
      const fromMs = watch.reachedAtMs(from);
      const toMs = watch.reachedAtMs(to);
      return { rate: (to - from) / ((toMs - fromMs) / 1000), gapsMs: watch.gapsIn(fromMs, toMs) };
    });
    return {
      rate: mean(parts.map(({ rate }) => rate)),
      gapsMs: parts.flatMap((one) => one.gapsMs),
    };
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function phase(windows: readonly Window[]): Phase {
  return {
    tokensPerSecondOfStream: rounded(median(windows.map(({ rate }) => rate))),
    gapMs: spread(windows.flatMap(({ gapsMs }) => gapsMs)),
  };
}
