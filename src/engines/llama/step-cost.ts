/**
 * What steps cost on this machine, learned from those that were run, and how many prompt tokens the
 * next one may therefore carry. All pure: the engine feeds measurements in.
 *
 * A stretch of a prompt costs a pass over the weights, so much for each token, and so much for each token that it
 * looks back on. Looking back is several times cheaper in stretches that ggml-cpu computes in tiles.
 *
 * Beside running streams, prompts have a share of the time. They take it in stretches of two and a half of the
 * streams' steps, or of a tile where short ones would waste their time, and wait after each until steps without
 * prompt tokens have made up for it: so the streams keep the rest of their rate however long the prompts are. Where
 * many wait for few with short prompts, the few wait a little, and soon all decode together, which is when the
 * machine does most; a short prompt enters at once for the same reason.
 */

/** The fewest prompt tokens beside streams: with fewer, most of their time goes into reading the weights. */
const besideLeast = 8;
/** The fewest of a step with prompts only. */
const aloneLeast = 32;
/** How long a step with prompt tokens only should take: cancellations are heard between steps. */
const aloneMs = 400;
/** How long a stretch beside streams should be, in their steps. */
const stretchSteps = 2.5;
/** How long a stretch of short prompts beside streams may be, where it may be longer than that. */
const besideMs = 100;
/** The longest that a tile may take, where a shorter stretch would waste time. */
const tileMs = 400;
/** A stretch wastes time where its tokens cost this many times what they cost in a tile. */
const waste = 1.3;
/** A prompt that costs no more than this many of the streams' steps enters at once. */
const shortSteps = 8;
/** A debt is forgiven past this many of the streams' steps: it was the machine's fault. */
const mostDebtSteps = 16;
/** A debt of this part of a step may wait: it is carried on, and paid with the next. */
const smallDebt = 0.3;
const weight = 0.2;
/** A measurement counts for no more than this many times what was expected: the rest is noise. */
const outlier = 3;

/** ggml-cpu's attention works in tiles from 64 rows on; beside streams, a stretch's first token goes with theirs. */
const tile = 65;
/** How much more looking back costs in shorter stretches (measured: 3.2 µs a token and token against 1.0). */
const untiled = 3;
/** What looking back on so many tokens costs about as much as the token itself, until it was measured. */
const firstDepth = 2000;

/** The sizes that stretches have: in fours, as matrix kernels compute tokens. */
const sizes = [
  ...[8, 12, 16, 20, 24, 28, 32, 40, 48, 56, tile, 80, 96, 112, 128, 160, 192, 224, 256],
  ...[320, 384, 448, 512, 640, 768, 1024, 1536, 2048, 4096, 8192],
];

/** Learned costs, in milliseconds. */
export interface StepCostModel {
  /** A step without prompt tokens, by the number of sequences in it. */
  readonly decodeMs: ReadonlyMap<number, number>;
  /** A pass over the weights. */
  readonly passMs: number;
  /** A prompt token with nothing before it. */
  readonly tokenMs: number;
  /** For each token that it looks back on, in a tile. */
  readonly lookMs: number;
  /** The time that prompts took from running streams and that has not been made up for. */
  readonly debtMs: number;
}

/** A stretch of prompts. */
export interface Stretch {
  readonly promptTokens: number;
  /** How many tokens lie before it, in the mean of its prompts. */
  readonly depth: number;
}

/** What a step computes. */
export interface StepContent extends Stretch {
  /** Sequences that generate. */
  readonly decoding: number;
}

/** One step as it went. */
export interface StepCost extends StepContent {
  readonly ms: number;
}

/** A first pace, from a step of one token and a step of more. */
export function initialCostModel({
  oneMs,
  tokens,
  ms,
}: Record<"oneMs" | "tokens" | "ms", number>): StepCostModel {
  // Noise can make one token seem to cost as much as many.
  const tokenMs = Math.max((ms - oneMs) / (tokens - 1), ms / tokens / 4);
  return {
    decodeMs: new Map([[1, oneMs]]),
    passMs: Math.max(0, oneMs - tokenMs),
    ...{ tokenMs, lookMs: tokenMs / firstDepth, debtMs: 0 },
  };
}

/** Learns from a step. `share` is the part of the time that prompts may have beside streams, below 1. */
export function observe(pace: StepCostModel, step: StepCost, share: number): StepCostModel {
  const { decoding, promptTokens, ms } = step;
  if (decoding === 0) return learnStretch(pace, step, ms);
  if (promptTokens === 0) {
    const learned = blend(pace.decodeMs.get(decoding), ms);
    const decodeMs = new Map(pace.decodeMs).set(decoding, learned);
    return { ...pace, decodeMs, debtMs: Math.max(0, pace.debtMs - dueOf(learned, share)) };
  }
  const own = decodeTime(pace, decoding);
  if (own === undefined) return pace;
  const added = Math.max(0, Math.min(ms, own + outlier * stretchMs(pace, step)) - own);
  const debtMs = Math.max(0, pace.debtMs + added - dueOf(own, share));
  return { ...learnStretch(pace, step, added), debtMs: Math.min(debtMs, own * mostDebtSteps) };
}

/** What prompts may take of the time for each of the streams' steps. */
const dueOf = (stepMs: number, share: number): number => (stepMs * share) / (1 - share);

/** What a stretch should take. */
export function stretchMs({ passMs, tokenMs, lookMs }: StepCostModel, stretch: Stretch): number {
  return passMs + stretch.promptTokens * (tokenMs + lookMs * looksOf(stretch));
}

/** On how many tokens each of a stretch looks back, in the mean, counted at what they cost in a tile. */
function looksOf({ promptTokens, depth }: Stretch): number {
  return (depth + promptTokens / 2) * (promptTokens < tile ? untiled : 1);
}

/** Corrects what was expected by what was measured: each part by its part in it. */
function learnStretch(pace: StepCostModel, stretch: Stretch, ms: number): StepCostModel {
  const { passMs, tokenMs, lookMs } = pace;
  const expected = stretchMs(pace, stretch);
  const wrong = Math.min(outlier, Math.max(1 / outlier, ms / expected)) - 1;
  const corrected = (value: number, part: number): number =>
    value * (1 + (weight * wrong * part) / expected);
  return {
    ...pace,
    passMs: corrected(passMs, passMs),
    tokenMs: corrected(tokenMs, stretch.promptTokens * tokenMs),
    lookMs: corrected(lookMs, stretch.promptTokens * lookMs * looksOf(stretch)),
  };
}

/** Forgets what no longer holds when the threads change; `factor` is how much longer steps may take. */
export function scaleCostModel(
  { passMs, tokenMs, lookMs }: StepCostModel,
  factor: number,
): StepCostModel {
  return {
    ...{ decodeMs: new Map(), debtMs: 0 },
    ...{ passMs: passMs * factor, tokenMs: tokenMs * factor, lookMs: lookMs * factor },
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
  /** Tokens that the first of the waiting prompts still has to compute. */
  readonly next: number;
  /** Those that it has before them. */
  readonly depth: number;
  /** The most prompt tokens that the step has room for. */
  readonly room: number;
}

/**
 * How many prompt tokens a step may carry. Zero beside sequences whose own time is not known or has
 * to be made up for.
 */
export function promptAllowance(pace: StepCostModel, demand: StepDemand, share: number): number {
  const { decoding, room, depth } = demand;
  if (decoding === 0) {
    const alone = { ms: aloneMs, mostMs: outlier * aloneMs, least: aloneLeast };
    return Math.min(room, stretchFor(pace, depth, alone));
  }
  const own = decodeTime(pace, decoding);
  if (own === undefined) return 0;
  const short = isShort(pace, demand, own);
  if (!short && pace.debtMs > own * smallDebt) return 0;
  // A large share may need longer stretches.
  const ms = Math.max(own * stretchSteps, dueOf(own, share), short ? besideMs : 0);
  return Math.min(room, stretchFor(pace, depth, { ms, mostMs: tileMs, least: besideLeast }));
}

/**
 * Whether the next step computes prompts only: where fewer generate than wait with short prompts, the
 * few wait for the many, and all decode together from then on. Those who have just had their first
 * token came with those who wait: else a burst would end as ragged as it began, in small batches.
 */
export function promptsFirst(pace: StepCostModel, demand: StepDemand): boolean {
  const { waiting, fresh, decoding } = demand;
  const together = decodeTime(pace, decoding + waiting);
  return waiting > 0 && waiting + fresh > decoding - fresh && isShort(pace, demand, together);
}

interface Bounds {
  /** How long the stretch should take at most. */
  readonly ms: number;
  /** How long a tile may take where a shorter stretch would waste time. */
  readonly mostMs: number;
  /** Tokens that it has in any case. */
  readonly least: number;
}

/** The longest stretch that fits its time, or a tile. */
function stretchFor(pace: StepCostModel, depth: number, { ms, mostMs, least }: Bounds): number {
  const costOf = (promptTokens: number): number => stretchMs(pace, { promptTokens, depth });
  const fitting = sizes.findLast((size) => size >= least && costOf(size) <= ms) ?? least;
  if (fitting >= tile || costOf(tile) > mostMs) return fitting;
  return costOf(fitting) / fitting > (waste * costOf(tile)) / tile ? tile : fitting;
}

/** Whether the next prompt costs no more than a few steps of the given time. */
function isShort(
  pace: StepCostModel,
  { next, depth }: StepDemand,
  stepMs: number | undefined,
): boolean {
  if (stepMs === undefined) return false;
  return stretchMs(pace, { promptTokens: next, depth }) <= stepMs * shortSteps;
}

/** The streams' own step time: as measured, or the nearest fewer's, or less than the nearest more's. */
function decodeTime(pace: StepCostModel, decoding: number): number | undefined {
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
