/**
 * Costs of steps on this machine, learned from measured ones, and how many prompt tokens the next step may carry. All
 * pure: the engine passes measurements in.
 *
 * A chunk of a prompt costs a pass over the weights, a time for each token, and a time for each pair of a token and an
 * earlier one (attention). Attention is several times cheaper in chunks that ggml-cpu computes in tiles.
 *
 * While other sequences generate, prompts have a share of the time. They take it in chunks of two and a half of the
 * generating steps, or of a tile if shorter ones would waste their time. After each chunk they wait until steps without
 * prompt tokens have made up for it. So the other sequences keep the rest of their rate, however long the prompts are.
 * If many sequences with short prompts wait for few that generate, the few wait a little, and soon all decode together,
 * which is most efficient. A short prompt enters at once for the same reason.
 */

/** Minimum prompt tokens while others generate: with fewer, most of the time is spent reading the weights. */
const besideLeast = 8;
/** Minimum of a step with prompts only. */
const aloneLeast = 32;
/** Duration of a step with prompt tokens only: cancellations are handled between steps. */
const aloneMs = 400;
/** Duration of a chunk while others generate, in their steps. */
const chunkSteps = 2.5;
/** Maximum duration of a chunk of short prompts while others generate, if it may be longer than that. */
const besideMs = 100;
/** Maximum duration of a tile, if a shorter chunk would waste time. */
const tileMs = 400;
/** A chunk wastes time if its tokens cost this many times their cost in a tile. */
const waste = 1.3;
/** A prompt that costs at most this many generating steps enters at once. */
const shortSteps = 8;
/** A debt above this many generating steps is forgiven: the machine caused it. */
const mostDebtSteps = 16;
/** A debt of this part of a step can wait: it is carried over, and paid with the next. */
const smallDebt = 0.3;
const weight = 0.2;
/** A measurement counts for at most this many times the expected value: the rest is noise. */
const outlier = 3;

/**
 * ggml-cpu's attention works in tiles from 64 rows on. While others generate, a chunk's first token is computed with
 * theirs.
 */
const tile = 65;
/** How much more attention costs in shorter chunks (measured: 3.2 µs per pair of tokens against 1.0). */
const untiled = 3;
/** Assumption before a measurement: attention to this many tokens costs about as much as the token itself. */
const firstDepth = 2000;

/** Chunk sizes are multiples of four, as matrix kernels compute tokens. */
const sizes = [
  ...[8, 12, 16, 20, 24, 28, 32, 40, 48, 56, tile, 80, 96, 112, 128, 160, 192, 224, 256],
  ...[320, 384, 448, 512, 640, 768, 1024, 1536, 2048, 4096, 8192],
];

/** Learned costs, in milliseconds. */
export interface StepCostModel {
  /** A step without prompt tokens, by its number of sequences. */
  readonly decodeMs: ReadonlyMap<number, number>;
  /** A pass over the weights. */
  readonly passMs: number;
  /** A prompt token without tokens before it. */
  readonly tokenMs: number;
  /** Per earlier token that it attends to, in a tile. */
  readonly lookMs: number;
  /** Time that prompts took from running sequences and that has not been made up for. */
  readonly debtMs: number;
}

/** A chunk of prompts. */
export interface PromptChunk {
  readonly promptTokens: number;
  /** Mean number of tokens before it in its prompts. */
  readonly depth: number;
}

/** Contents of a step. */
export interface StepContent extends PromptChunk {
  /** Sequences that generate. */
  readonly decoding: number;
}

/** One measured step. */
export interface StepCost extends StepContent {
  readonly ms: number;
}

/** First costs, from a step of one token and a step of more. */
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

/** Learns from a step. `share` is the part of the time that prompts may take while others generate, below 1. */
export function observe(costs: StepCostModel, step: StepCost, share: number): StepCostModel {
  const { decoding, promptTokens, ms } = step;
  if (decoding === 0) return learnChunk(costs, step, ms);
  if (promptTokens === 0) {
    const learned = blend(costs.decodeMs.get(decoding), ms);
    const decodeMs = new Map(costs.decodeMs).set(decoding, learned);
    return { ...costs, decodeMs, debtMs: Math.max(0, costs.debtMs - dueOf(learned, share)) };
  }
  const own = decodeTime(costs, decoding);
  if (own === undefined) return costs;
  const added = Math.max(0, Math.min(ms, own + outlier * chunkMs(costs, step)) - own);
  const debtMs = Math.max(0, costs.debtMs + added - dueOf(own, share));
  return { ...learnChunk(costs, step, added), debtMs: Math.min(debtMs, own * mostDebtSteps) };
}

/** Time that prompts may take per generating step. */
const dueOf = (stepMs: number, share: number): number => (stepMs * share) / (1 - share);

/** Expected duration of a chunk. */
export function chunkMs({ passMs, tokenMs, lookMs }: StepCostModel, chunk: PromptChunk): number {
  return passMs + chunk.promptTokens * (tokenMs + lookMs * looksOf(chunk));
}

/** Mean number of tokens that each token of a chunk attends to, weighted by their cost in a tile. */
function looksOf({ promptTokens, depth }: PromptChunk): number {
  return (depth + promptTokens / 2) * (promptTokens < tile ? untiled : 1);
}

/** Corrects the expectation by the measurement: each part in proportion. */
function learnChunk(costs: StepCostModel, chunk: PromptChunk, ms: number): StepCostModel {
  const { passMs, tokenMs, lookMs } = costs;
  const expected = chunkMs(costs, chunk);
  const wrong = Math.min(outlier, Math.max(1 / outlier, ms / expected)) - 1;
  const corrected = (value: number, part: number): number =>
    value * (1 + (weight * wrong * part) / expected);
  return {
    ...costs,
    passMs: corrected(passMs, passMs),
    tokenMs: corrected(tokenMs, chunk.promptTokens * tokenMs),
    lookMs: corrected(lookMs, chunk.promptTokens * lookMs * looksOf(chunk)),
  };
}

/** Adjusts costs when the number of threads changes; `factor` is how much longer steps may take. */
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
  /** Those of them that have produced at most their first token. */
  readonly fresh: number;
  /** Sequences whose prompts are not completely computed. */
  readonly waiting: number;
  /** Tokens that the first waiting prompt still has to compute. */
  readonly next: number;
  /** Tokens before them. */
  readonly depth: number;
  /** Maximum prompt tokens that fit the step. */
  readonly room: number;
}

/**
 * How many prompt tokens a step may carry. Zero together with sequences whose own time is unknown or has to be made up
 * for.
 */
export function promptAllowance(costs: StepCostModel, demand: StepDemand, share: number): number {
  const { decoding, room, depth } = demand;
  if (decoding === 0) {
    const alone = { ms: aloneMs, mostMs: outlier * aloneMs, least: aloneLeast };
    return Math.min(room, chunkTokens(costs, depth, alone));
  }
  const own = decodeTime(costs, decoding);
  if (own === undefined) return 0;
  const short = isShort(costs, demand, own);
  if (!short && costs.debtMs > own * smallDebt) return 0;
  // A large share can need longer chunks.
  const ms = Math.max(own * chunkSteps, dueOf(own, share), short ? besideMs : 0);
  return Math.min(room, chunkTokens(costs, depth, { ms, mostMs: tileMs, least: besideLeast }));
}

/**
 * Whether the next step computes prompts only: if fewer sequences generate than wait with short prompts, the few wait
 * for the many, and all decode together from then on. Sequences with only their first token count as waiting: otherwise
 * a burst would end in small batches.
 */
export function promptsFirst(costs: StepCostModel, demand: StepDemand): boolean {
  const { waiting, fresh, decoding } = demand;
  const together = decodeTime(costs, decoding + waiting);
  return waiting > 0 && waiting + fresh > decoding - fresh && isShort(costs, demand, together);
}

interface Bounds {
  /** Maximum duration of the chunk. */
  readonly ms: number;
  /** Maximum duration of a tile, if a shorter chunk would waste time. */
  readonly mostMs: number;
  /** Minimum tokens. */
  readonly least: number;
}

/** The longest chunk that fits its time, or a tile. */
function chunkTokens(costs: StepCostModel, depth: number, { ms, mostMs, least }: Bounds): number {
  const costOf = (promptTokens: number): number => chunkMs(costs, { promptTokens, depth });
  const fitting = sizes.findLast((size) => size >= least && costOf(size) <= ms) ?? least;
  if (fitting >= tile || costOf(tile) > mostMs) return fitting;
  return costOf(fitting) / fitting > (waste * costOf(tile)) / tile ? tile : fitting;
}

/** Whether the next prompt costs at most a few generating steps of the given duration. */
function isShort(
  costs: StepCostModel,
  { next, depth }: StepDemand,
  stepMs: number | undefined,
): boolean {
  if (stepMs === undefined) return false;
  return chunkMs(costs, { promptTokens: next, depth }) <= stepMs * shortSteps;
}

/**
 * Duration of a step of generating sequences: measured, or that of the nearest smaller number, or less than that of the
 * nearest larger one.
 */
function decodeTime(costs: StepCostModel, decoding: number): number | undefined {
  const exact = costs.decodeMs.get(decoding);
  if (exact !== undefined) return exact;
  const counts = [...costs.decodeMs.keys()].sort((a, b) => a - b);
  const nearest = counts.findLast((count) => count < decoding) ?? counts[0];
  if (nearest === undefined) return undefined;
  return (costs.decodeMs.get(nearest) ?? 0) * Math.min(1, decoding / nearest);
}

function blend(old: number | undefined, ms: number): number {
  return old === undefined ? ms : old + weight * (Math.min(ms, old * outlier) - old);
}
