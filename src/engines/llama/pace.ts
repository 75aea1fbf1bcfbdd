/**
 * What steps cost on this machine, learned from those that were run, and how many prompt tokens the
 * next one may therefore carry. All pure: the engine feeds measurements in.
 *
 * Beside running streams, prompts have a share of the time. They take it in stretches of two and a half of the
 * streams' steps, since long stretches cost less a token, and wait after each until steps without prompt tokens have
 * made up for it: so the streams keep the rest of their rate however long the prompts are, and no gap between their
 * tokens is much longer than three and a half steps. Where many wait for few with short prompts, the few wait a
 * little, and soon all decode together, which is when the machine does most; a short prompt enters at once for the
 * same reason.
 */

/** The fewest prompt tokens beside streams: with fewer, most of their time goes into reading the weights. */
const besideLeast = 8;
/** The fewest of a step with prompts only: from here on a token costs little more than in the longest stretch. */
const aloneLeast = 32;
/** How long a step with prompt tokens only should take: cancellations are heard between steps. */
const aloneMs = 400;
/** How long a stretch beside streams should be, in their steps. */
const stretchSteps = 2.5;
/** How long a stretch of short prompts beside streams may be, where it may be longer than that. */
const besideMs = 100;
/** A prompt that costs no more than this many of the streams' steps enters at once. */
const shortSteps = 8;
/** A debt is forgiven past this many of the streams' steps: it was the machine's fault. */
const mostDebtSteps = 4;
/** A debt of this part of a step may wait: it is carried on, and paid with the next. */
const smallDebt = 0.3;
const weight = 0.2;
/** A measurement counts for no more than this many times what was expected: the rest is noise. */
const outlier = 3;
/** Longer stretches cost less a token, shorter ones more: what is believed of a size that was not tried yet. */
const hope = 0.9;
const fear = 1.15;

/** The sizes that stretches have, of which each has its own cost: in fours, as matrix kernels compute tokens. */
const sizes = [
  ...[8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256],
  ...[320, 384, 448, 512, 640, 768, 1024, 1536, 2048, 4096, 8192],
];

/** Learned costs, in milliseconds. */
export interface Pace {
  /** A step without prompt tokens, by the number of sequences in it. */
  readonly decodeMs: ReadonlyMap<number, number>;
  /** One prompt token, by the size of the stretch that it is computed in. */
  readonly tokenMs: ReadonlyMap<number, number>;
  /** The time that prompts took from running streams and that has not been made up for. */
  readonly debtMs: number;
}

/** What a step computes. */
export interface StepContent {
  /** Sequences that generate. */
  readonly decoding: number;
  readonly promptTokens: number;
}

/** One step as it went. */
export interface StepCost extends StepContent {
  readonly ms: number;
}

export const unknownPace: Pace = { decodeMs: new Map(), tokenMs: new Map(), debtMs: 0 };

/** Learns from a step. `share` is the part of the time that prompts may have beside streams, below 1. */
export function observe(pace: Pace, step: StepCost, share: number): Pace {
  const { decoding, promptTokens, ms } = step;
  if (decoding === 0) return learnStretch(pace, promptTokens, ms);
  const own = decodeTime(pace, decoding);
  if (promptTokens === 0) {
    const learned = blend(pace.decodeMs.get(decoding), ms);
    const decodeMs = new Map(pace.decodeMs).set(decoding, learned);
    return { ...pace, decodeMs, debtMs: Math.max(0, pace.debtMs - dueOf(learned, share)) };
  }
  if (own === undefined) return pace;
  const added = Math.min(ms, own * (outlier + promptTokens)) - own;
  const debtMs = Math.max(0, pace.debtMs + added - dueOf(own, share));
  return {
    // A noisy step can seem to cost nothing: never believe less than a tenth of it.
    ...learnStretch(pace, promptTokens, Math.max(added, ms / 10)),
    debtMs: Math.min(debtMs, own * mostDebtSteps),
  };
}

/** What prompts may take of the time for each of the streams' steps. */
const dueOf = (stepMs: number, share: number): number => (stepMs * share) / (1 - share);

function learnStretch(pace: Pace, tokens: number, ms: number): Pace {
  const size = sizes.findLast((one) => one <= tokens);
  if (size === undefined) return pace;
  const learned = blend(pace.tokenMs.get(size), ms / tokens);
  return { ...pace, tokenMs: new Map(pace.tokenMs).set(size, learned) };
}

/** Forgets what no longer holds when the threads change; `factor` is how much longer steps may take. */
export function scalePace(pace: Pace, factor: number): Pace {
  const scaled = [...pace.tokenMs].map(([size, ms]) => [size, ms * factor] as const);
  return { ...unknownPace, tokenMs: new Map(scaled) };
}

/** What the next step could compute. */
export interface StepDemand {
  /** Sequences that generate. */
  readonly decoding: number;
  /** Those of them that have given no more than their first token. */
  readonly fresh: number;
  /** Sequences whose prompts are not all computed. */
  readonly waiting: number;
  /** Tokens that the first of the waiting prompts still has to compute. */
  readonly next: number;
  /** The most prompt tokens that the step has room for. */
  readonly room: number;
}

/**
 * How many prompt tokens a step may carry. Zero beside sequences whose own time is not known or has
 * to be made up for.
 */
export function promptAllowance(pace: Pace, demand: StepDemand, share: number): number {
  const { decoding, room } = demand;
  if (decoding === 0) return Math.min(room, stretchOf(pace, aloneMs, aloneLeast));
  const own = decodeTime(pace, decoding);
  if (own === undefined) return 0;
  const short = isShort(pace, demand, own);
  if (!short && pace.debtMs > own * smallDebt) return 0;
  // A large share may need longer stretches.
  const stretchMs = Math.max(own * stretchSteps, dueOf(own, share), short ? besideMs : 0);
  return Math.min(room, stretchOf(pace, stretchMs, besideLeast));
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

/** What a prompt token costs in a stretch of so many: as measured, or by the nearest size that was. Undefined where none was. */
export function tokenMsOf(pace: Pace, tokens: number): number | undefined {
  const size = sizes.findLast((one) => one <= tokens) ?? besideLeast;
  const exact = pace.tokenMs.get(size);
  if (exact !== undefined) return exact;
  const known = [...pace.tokenMs.keys()].sort((a, b) => a - b);
  const below = known.findLast((one) => one < size);
  if (below !== undefined) return (pace.tokenMs.get(below) ?? 0) * hope;
  const [above] = known;
  return above === undefined ? undefined : (pace.tokenMs.get(above) ?? 0) * fear;
}

/** The longest stretch that fits a time, but no less than `least` tokens. */
function stretchOf(pace: Pace, ms: number, least: number): number {
  const fits = (size: number): boolean => {
    const tokenMs = tokenMsOf(pace, size);
    return size >= least && tokenMs !== undefined && tokenMs * size <= ms;
  };
  return sizes.findLast(fits) ?? least;
}

/** Whether the next prompt costs no more than a few steps of the given time. */
function isShort(pace: Pace, { next }: StepDemand, stepMs: number | undefined): boolean {
  const tokenMs = tokenMsOf(pace, next);
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
