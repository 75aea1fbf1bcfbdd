/**
 * Decides which texts are computed together. A batch is padded to its longest text, so texts of similar length go
 * together. By measurement, that is half as fast again as batches in order of arrival.
 */

/** A tokenized text that waits. */
export interface Waiting {
  /** Length in tokens. */
  readonly length: number;
  /** Its turn: the lowest goes first. */
  readonly turn: number;
}

/** Overhead of a batch, in tokens: padding below it costs less than a second batch. */
const batchCost = 12;

/**
 * Takes the text whose turn it is, whatever its length, so that none starves. Then the nearest in length, while padded
 * tokens stay within the budget and padding costs less than another batch.
 */
export function nextBatch<T extends Waiting>(waiting: readonly T[], budget: number): readonly T[] {
  const turn = waiting.reduce((least, item) => Math.min(least, item.turn), Infinity);
  const leader = waiting.find((item) => item.turn === turn);
  if (leader === undefined) return [];
  const distance = (item: T): number => Math.abs(item.length - leader.length);
  const others = waiting
    .filter((item) => item !== leader)
    .sort((a, b) => distance(a) - distance(b) || a.turn - b.turn);

  const batch = [leader];
  let { length: tokens, length: longest } = leader;
  for (const item of others) {
    const width = Math.max(longest, item.length);
    const padded = (batch.length + 1) * width;
    const waste = padded - tokens - item.length;
    if (padded > budget || waste > batchCost) continue;
    batch.push(item);
    tokens += item.length;
    longest = width;
  }
  return batch;
}

/**
 * Maximum padded tokens of a batch that takes about `stepMs`. Bounded below, so that overhead does not dominate, and
 * above, so that memory does not matter.
 */
export function batchBudget(tokensPerMs: number, stepMs: number): number {
  return Math.max(128, Math.min(8192, Math.floor(tokensPerMs * stepMs)));
}

/** Follows a speed that changes with the share of the cores, without jumping at one slow batch. */
export function followSpeed(tokensPerMs: number, tokens: number, ms: number): number {
  // Short batches measure overhead, not speed.
  if (tokens < 64 || ms <= 0) return tokensPerMs;
  return 0.7 * tokensPerMs + 0.3 * (tokens / ms);
}
