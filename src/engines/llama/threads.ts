/**
 * How many threads of its share the engine should use, found by experiment. All pure.
 *
 * The library's threads wait for each other many times per step. That is very slow if another program uses the same
 * cores (measured: two threads took 500 ms per step, one took 5), and a small model gains nothing from many threads. So
 * now and then a few steps run with half or twice as many, and the faster number stays.
 */

/** Maximum steps of one trial. */
const trialSteps = 3;
/** Steps with the settled number that a trial is compared with. */
const keptSteps = 5;
/** A trial must be this much faster to count: steps are noisy. */
const gain = 0.85;
/** A trial whose first step is this much slower is stopped. */
const hopeless = 1.5;
/** A settled step this much slower than before means that the machine has changed. */
const jump = 3;
const firstPauseMs = 500;
const longestPauseMs = 10_000;
/** After a lost trial, the pause is this many times the cost of the trial: half a per cent. */
const costPause = 200;
/** But at most this number of pauses, each twice the last one: the other program may have ended. */
const mostCostPauses = 4;

interface Trial {
  readonly threads: number;
  /** Durations of its steps, of the settled ones with as many sequences. */
  readonly times: readonly number[];
  /** Milliseconds that they took longer. */
  readonly lostMs: number;
}

/** What is known of one share of the cores. */
export interface ThreadChoice {
  /** Maximum number of threads. */
  readonly share: number;
  /** The fastest number so far. */
  readonly settled: number;
  /**
   * Milliseconds of the last steps with the settled number since the last trial, by their sequences. Steps of different
   * sizes are not compared, and under load no size lasts long.
   */
  readonly recent: ReadonlyMap<number, readonly number[]>;
  readonly trial: Trial | undefined;
  readonly nextTrialAt: number;
  readonly pauseMs: number;
  /** Whether the next trial doubles the threads; otherwise it halves them. */
  readonly triesMore: boolean;
}

/** A measured step without prompt tokens, after another one without. */
export interface DecodeStep {
  readonly sequences: number;
  /** The number of threads that it ran with. */
  readonly threads: number;
  readonly ms: number;
  /** Its end, by a monotonic clock in milliseconds. */
  readonly now: number;
}

export function chooseThreads(share: number): ThreadChoice {
  return {
    share,
    settled: share,
    recent: new Map(),
    trial: undefined,
    nextTrialAt: 0,
    pauseMs: firstPauseMs,
    triesMore: false,
  };
}

/** Changes the share. The best number stays, as far as it fits; a whole share stays a whole one. */
export function shareThreads(choice: ThreadChoice, share: number): ThreadChoice {
  if (share === choice.share) return choice;
  const usedAll = choice.settled === choice.share;
  const settled = usedAll ? share : Math.min(share, choice.settled);
  return { ...chooseThreads(share), settled };
}

/** The threads for the next step: another number only if there is something to compare it with. */
export function threadsOf(choice: ThreadChoice, sequences: number): number {
  const { trial, settled } = choice;
  return trial === undefined || !isKnown(choice, sequences) ? settled : trial.threads;
}

/** Learns from a step. */
export function learnThreads(choice: ThreadChoice, step: DecodeStep): ThreadChoice {
  if (choice.share === 1) return choice;
  const { trial } = choice;
  if (trial !== undefined && step.threads === trial.threads) return learnTrial(choice, trial, step);
  return step.threads === choice.settled ? learnSettled(choice, step) : choice;
}

function isKnown({ recent }: ThreadChoice, sequences: number): boolean {
  return (recent.get(sequences)?.length ?? 0) >= 2;
}

function learnSettled(choice: ThreadChoice, { sequences, ms, now }: DecodeStep): ThreadChoice {
  const before = choice.recent.get(sequences) ?? [];
  const hasChanged = before.length > 0 && ms > jump * median(before);
  const recent = [...before, ms].slice(-keptSteps);
  const learned = hasChanged
    ? // What other sizes took says nothing any more.
      { ...choice, recent: new Map([[sequences, [ms]]]), pauseMs: firstPauseMs, nextTrialAt: now }
    : { ...choice, recent: new Map(choice.recent).set(sequences, recent) };
  const isDue = learned.trial === undefined && now >= learned.nextTrialAt;
  if (!isDue || !isKnown(learned, sequences)) return learned;
  return { ...learned, trial: { threads: candidate(learned), times: [], lostMs: 0 } };
}

function learnTrial(choice: ThreadChoice, before: Trial, step: DecodeStep): ThreadChoice {
  const settledMs = median(choice.recent.get(step.sequences) ?? []);
  const trial = {
    ...before,
    times: [...before.times, step.ms / settledMs],
    lostMs: before.lostMs + Math.max(0, step.ms - settledMs),
  };
  const isHopeless = trial.times.some((times) => times > hopeless);
  if (trial.times.length < trialSteps && !isHopeless) return { ...choice, trial };
  const ended = { ...choice, recent: new Map<number, number[]>(), trial: undefined };
  if (!isHopeless && median(trial.times) < gain) {
    return {
      ...ended,
      settled: trial.threads,
      pauseMs: firstPauseMs,
      // A direction that paid is followed at once.
      nextTrialAt: step.now,
      triesMore: trial.threads > choice.settled,
    };
  }
  const { pauseMs } = choice;
  const costPauseMs = Math.min(mostCostPauses * pauseMs, costPause * trial.lostMs);
  return {
    ...ended,
    nextTrialAt: step.now + Math.max(pauseMs, costPauseMs),
    pauseMs: Math.min(longestPauseMs, 2 * pauseMs),
    triesMore: !choice.triesMore,
  };
}

/** Half or twice the settled number, whichever is due and possible. */
function candidate({ settled, share, triesMore }: ThreadChoice): number {
  const more = Math.min(share, settled * 2);
  const fewer = Math.max(1, Math.floor(settled / 2));
  if (settled === share) return fewer;
  if (settled === 1) return more;
  return triesMore ? more : fewer;
}

/** The lower one of two in the middle: of a normal step and a disturbed one, the normal one counts. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
