/**
 * What steps cost on this machine, learned from those that were run, and how many prompt tokens the
 * next one may therefore carry. All pure: the engine feeds measurements in.
 *
 * Time is shared evenly among callers, those that wait for their first token and those that read. A
 * prompt that enters beside three streams may add a third to their time: it takes a stretch of one and
 * a half of their steps, and then waits until steps without it have made up for that. So the streams
 * keep three quarters of their rate however long the prompt is, and no gap between their tokens is much
 * longer than two and a half steps. Where many wait for few, the few wait a little, and soon all decode
 * together, which is when the machine does most; a short prompt enters at once for the same reason.
 */

/** The fewest prompt tokens of a step: with fewer, most of its time goes into reading the weights. */
const besideLeast = 8;
/** ggml-cpu's attention works in tiles from 64 tokens on, and on each token apart with fewer. */
const aloneLeast = 64;
/** How long a step with prompt tokens only should take. Many at once cost less; cancellations are heard between steps. */
const aloneMs = 400;
/** How long a stretch beside streams should be, in their steps: longer ones cost less a token. */
const stretchSteps = 1.5;
/** How long a stretch beside streams may be, where it may be longer than that. */
const besideMs = 100;
/** A prompt that costs no more than this many of the streams' steps enters at once. */
const shortSteps = 8;
/** Matrix kernels compute tokens in fours. */
const grain = 4;
/** A debt is forgiven past this many of the streams' steps: it was the machine's fault. */
const mostDebtSteps = 3;
/** A debt of this part of a step may wait: it is carried on, and paid with the next. */
const smallDebt = 0.05;
const weight = 0.2;
/** A measurement counts for no more than this many times what was expected: the rest is noise. */
const outlier = 3;

/** Learned costs, in milliseconds. */
export interface Pace {
  /** A step without prompt tokens, by the number of sequences in it. */
  readonly decodeMs: ReadonlyMap<number, number>;
  /** One prompt token, in steps with prompts only. */
  readonly aloneTokenMs: number | undefined;
  /** One prompt token beside running streams: less than alone where memory is the limit. */
  readonly besideTokenMs: number | undefined;
  /** The time that prompts took from running streams and that has not been made up for. */
  readonly debtMs: number;
  /** Whether the last step carried prompt tokens beside streams. */
  readonly disturbed: boolean;
}

/** What a step computes. */
export interface StepContent {
  /** Sequences that generate. */
  readonly decoding: number;
  readonly promptTokens: number;
}

/** One step as it went. */
export interface StepCost extends StepContent {
  /** Sequences whose prompts were not all computed before it. */
  readonly waiting: number;
  readonly ms: number;
}

export const unknownPace: Pace = {
  decodeMs: new Map(),
  aloneTokenMs: undefined,
  besideTokenMs: undefined,
  debtMs: 0,
  disturbed: false,
};

/** Learns from a step. */
export function observe(pace: Pace, step: StepCost): Pace {
  const { decoding, waiting, promptTokens, ms } = step;
  if (decoding === 0) {
    const aloneTokenMs = blend(pace.aloneTokenMs, ms / promptTokens);
    return { ...pace, aloneTokenMs, disturbed: false };
  }
  const own = decodeTime(pace, decoding);
  const disturbed = promptTokens > 0;
  const changed = disturbed || pace.disturbed;
  // The step after one with a prompt takes longer too, as the library prepares it anew: the prompt's doing.
  const learned = changed && own !== undefined ? own : blend(pace.decodeMs.get(decoding), ms);
  const added = changed ? Math.min(ms, learned * (outlier + promptTokens)) - learned : 0;
  const dueMs = learned * (waiting / decoding);
  const debtMs = Math.max(0, pace.debtMs + added - dueMs);
  return {
    ...pace,
    decodeMs: changed ? pace.decodeMs : new Map(pace.decodeMs).set(decoding, learned),
    // A noisy step can seem to cost nothing: never believe less than a tenth of it.
    besideTokenMs: disturbed
      ? blend(pace.besideTokenMs, Math.max(added, ms / 10) / promptTokens)
      : pace.besideTokenMs,
    debtMs: Math.min(debtMs, learned * mostDebtSteps),
    disturbed,
  };
}

/** Forgets what no longer holds when the threads change; `factor` is how much longer steps may take. */
export function scalePace(pace: Pace, factor: number): Pace {
  const scale = (ms: number | undefined) => (ms === undefined ? undefined : ms * factor);
  return {
    ...unknownPace,
    aloneTokenMs: scale(pace.aloneTokenMs),
    besideTokenMs: scale(pace.besideTokenMs),
  };
}

/** What the next step could compute. */
export interface StepDemand {
  /** Sequences that generate. */
  readonly decoding: number;
  /** Those of them that have given no more than their first token. */
  readonly fresh: number;
  /** Sequences whose prompts are not all computed. */
  readonly waiting: number;
  /** Tokens that the oldest of the waiting prompts still has to compute. */
  readonly next: number;
  /** The most prompt tokens that the step has room for. */
  readonly room: number;
}

/**
 * How many prompt tokens a step may carry. Zero beside sequences whose own time is not known or has
 * to be made up for.
 */
export function promptAllowance(pace: Pace, demand: StepDemand): number {
  const { decoding, waiting, room } = demand;
  if (decoding === 0) {
    const fits = pace.aloneTokenMs === undefined ? aloneLeast : aloneMs / pace.aloneTokenMs;
    return Math.min(room, Math.max(aloneLeast, Math.floor(fits)));
  }
  const own = decodeTime(pace, decoding);
  const tokenMs = pace.besideTokenMs ?? pace.aloneTokenMs;
  if (own === undefined) return 0;
  const short = isShort(pace, demand, own);
  if (!short && pace.debtMs > own * smallDebt) return 0;
  // At least so many of the streams' steps, and more where more is due, while a step stays short.
  const dueMs = own * (short ? shortSteps : waiting / decoding);
  const stretchMs = Math.max(own * stretchSteps, Math.min(dueMs, besideMs));
  const fits = tokenMs === undefined ? besideLeast : stretchMs / tokenMs;
  const whole = Math.floor((decoding + Math.max(besideLeast, fits)) / grain) * grain;
  return Math.min(room, whole - decoding);
}

/**
 * Whether the next step computes prompts only: where fewer generate than wait with short prompts, the
 * few wait for the many, and all decode together from then on. Those who have just had their first
 * token came with those who wait: else a burst would end as ragged as it began, in small batches.
 */
export function promptsFirst(pace: Pace, demand: StepDemand): boolean {
  const { waiting, fresh, decoding } = demand;
  const together = decodeTime(pace, decoding + waiting);
  return waiting > 0 && waiting + fresh > decoding - fresh && isShort(pace, demand, together);
}

/** Whether the next prompt costs no more than a few steps of the given time. */
function isShort(pace: Pace, { next }: StepDemand, stepMs: number | undefined): boolean {
  const tokenMs = pace.besideTokenMs ?? pace.aloneTokenMs;
  return stepMs !== undefined && tokenMs !== undefined && next * tokenMs <= stepMs * shortSteps;
}

/** The streams' own step time: as measured, or the nearest fewer's, or less than the nearest more's. */
function decodeTime(pace: Pace, decoding: number): number | undefined {
  const exact = pace.decodeMs.get(decoding);
  if (exact !== undefined) return exact;
  const counts = [...pace.decodeMs.keys()].sort((a, b) => a - b);
  const nearest = counts.findLast((count) => count < decoding) ?? counts[0];
  if (nearest === undefined) return undefined;
  return (pace.decodeMs.get(nearest) ?? 0) * Math.min(1, decoding / nearest);
}

function blend(old: number | undefined, ms: number): number {
  return old === undefined ? ms : old + weight * (Math.min(ms, old * outlier) - old);
}
