/**
 * Decides which texts are computed together. A batch is padded to its longest text, so texts of about
 * one length go together; measured, that is half as fast again as batches in order of arrival.
 */

/** A text that is tokenised and waits. */
export interface Waiting {
  /** Length in tokens. */
  readonly length: number;
  /** Its turn: the lowest goes first. */
  readonly turn: number;
}

/** What one batch costs beyond its tokens, in tokens: so much padding costs less than a second batch. */
const batchCost = 12;

/**
 * Takes the text whose turn it is, whatever its length, so that none starves; then those nearest to it
 * in length, while padded tokens stay within the budget and padding costs less than another batch would.
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
 * How many padded tokens a batch may have to take about `stepMs`. Never so few that the work of a batch
 * is mostly overhead, and never so many that its memory matters.
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
