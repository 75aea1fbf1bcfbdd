/**
 * How many threads of its share the engine should really use, found by trying. All pure.
 *
 * The library's threads wait for each other many times a step. Beside a busy stranger on the same
 * cores that goes very wrong (measured: two threads beside a neighbour took 500 ms a step, one took
 * 5), and a small model gains nothing from many threads. So now and then a few steps are run with
 * half or twice as many, and what was faster stays.
 */

/** Steps of one trial, at most. */
const trialSteps = 3;
/** Steps with the settled threads that a trial is compared with. */
const keptSteps = 5;
/** A trial must be this much faster to be believed: steps are noisy. */
const gain = 0.85;
/** A trial whose first step is this much slower is broken off. */
const hopeless = 1.5;
/** A settled step this much slower than before means that the machine has changed. */
const jump = 3;
const firstPauseMs = 500;
const longestPauseMs = 10_000;
/** After a trial that lost, it pauses this many times longer than the trial cost: half a per cent. */
const costPause = 200;
/** But not longer than this, since a neighbour may leave. */
const longestCostPauseMs = 20_000;

interface Trial {
  readonly threads: number;
  /** Milliseconds of its steps so far. */
  readonly ms: readonly number[];
}

/** What is known of one share of the cores. */
export interface ThreadChoice {
  /** The most threads that may be used. */
  readonly share: number;
  /** The count that was fastest so far. */
  readonly settled: number;
  /** Sequences of the steps in `recent`: steps of different sizes are not compared. */
  readonly sequences: number;
  /** The last steps with the settled count, in milliseconds. */
  readonly recent: readonly number[];
  readonly trial: Trial | undefined;
  readonly nextTrialAt: number;
  readonly pauseMs: number;
  /** Whether the next trial doubles the threads; else it halves them. */
  readonly triesMore: boolean;
}

/** A step without prompt tokens, as it went. */
export interface DecodeStep {
  readonly sequences: number;
  readonly ms: number;
  /** When it ended, by a monotonic clock in milliseconds. */
  readonly now: number;
}

export function chooseThreads(share: number): ThreadChoice {
  return {
    share,
    settled: share,
    sequences: 0,
    recent: [],
    trial: undefined,
    nextTrialAt: 0,
    pauseMs: firstPauseMs,
    triesMore: false,
  };
}

/** Changes the share. What proved best stays, as far as it fits; a whole share stays a whole one. */
export function shareThreads(choice: ThreadChoice, share: number): ThreadChoice {
  if (share === choice.share) return choice;
  const usedAll = choice.settled === choice.share;
  const settled = usedAll ? share : Math.min(share, choice.settled);
  return { ...chooseThreads(share), settled };
}

/** The threads that the next step should use. */
export function threadsOf({ trial, settled }: ThreadChoice): number {
  return trial?.threads ?? settled;
}

/** Learns from a step that ran with `threadsOf(choice)`. */
export function learnThreads(choice: ThreadChoice, step: DecodeStep): ThreadChoice {
  if (choice.share === 1) return choice;
  if (step.sequences !== choice.sequences) {
    // What was tried beside other sequences says nothing about these.
    const broken = choice.trial === undefined ? {} : { nextTrialAt: step.now + choice.pauseMs };
    return { ...choice, ...broken, sequences: step.sequences, recent: [], trial: undefined };
  }
  return choice.trial === undefined
    ? learnSettled(choice, step)
    : learnTrial(choice, { ...choice.trial, ms: [...choice.trial.ms, step.ms] }, step.now);
}

function learnSettled(choice: ThreadChoice, { ms, now }: DecodeStep): ThreadChoice {
  const hasChanged = choice.recent.length > 0 && ms > jump * median(choice.recent);
  const recent = [...choice.recent, ms].slice(-keptSteps);
  const learned = hasChanged
    ? { ...choice, recent, pauseMs: firstPauseMs, nextTrialAt: now }
    : { ...choice, recent };
  if (recent.length < 2 || now < learned.nextTrialAt) return learned;
  return { ...learned, trial: { threads: candidate(learned), ms: [] } };
}

function learnTrial(choice: ThreadChoice, trial: Trial, now: number): ThreadChoice {
  const settledMs = median(choice.recent);
  const isHopeless = trial.ms.some((ms) => ms > hopeless * settledMs);
  if (trial.ms.length < trialSteps && !isHopeless) return { ...choice, trial };
  if (!isHopeless && median(trial.ms) < gain * settledMs) {
    return {
      ...choice,
      settled: trial.threads,
      recent: trial.ms,
      trial: undefined,
      pauseMs: firstPauseMs,
      // Once a direction paid, it is followed at once.
      nextTrialAt: now,
      triesMore: trial.threads > choice.settled,
    };
  }
  const costMs = trial.ms.reduce((sum, ms) => sum + Math.max(0, ms - settledMs), 0);
  return {
    ...choice,
    trial: undefined,
    nextTrialAt: now + Math.max(choice.pauseMs, Math.min(longestCostPauseMs, costPause * costMs)),
    pauseMs: Math.min(longestPauseMs, 2 * choice.pauseMs),
    triesMore: !choice.triesMore,
  };
}

/** Half or twice the settled count, whichever is due and possible. */
function candidate({ settled, share, triesMore }: ThreadChoice): number {
  const more = Math.min(share, settled * 2);
  const fewer = Math.max(1, Math.floor(settled / 2));
  if (settled === share) return fewer;
  if (settled === 1) return more;
  return triesMore ? more : fewer;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
