/**
 * Runs a model before it is ready: on a short text, on one of maximum length, and on two together. A failure
 * here would otherwise fail a client's batch. A restarted worker does this too, so it is short.
 */
import type { EncodedText } from "./unread.ts";
import { cosine } from "./cosine.ts";

export interface WarmUpParts {
  /** Computes a batch at once. */
  readonly compute: (texts: readonly EncodedText[]) => Promise<readonly Float32Array[]>;
  /** A short text. */
  readonly usual: readonly number[];
  /** A pair of texts, of a model that reads pairs. */
  readonly pair?: EncodedText;
  /** Whether two results count as the same; by their direction where it is left out. */
  readonly isSame?: (a: Float32Array, b: Float32Array) => boolean;
  /** A text of as many tokens as the model takes, or as are tried. */
  readonly longest: readonly number[];
  readonly highestId: number;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

export interface WarmUp {
  /** In tokens per millisecond. */
  readonly speed: number;
  readonly dimensions: number;
  /** Whether a text's vector depends on other texts of its batch. */
  readonly mixesTexts: boolean;
}

/** Fails with one line if the model fails. */
export async function warmUp(parts: WarmUpParts): Promise<WarmUp> {
  const { usual, longest, highestId } = parts;
  const vector = await runOne(parts, usual, "a short text");
  if (!vector.every(Number.isFinite)) {
    throw new Error("the model gives no numbers for a short text: its weights are wrong");
  }
  await runOne(parts, [highestId], `the token id ${highestId}, the highest of its vocabulary`);
  if (parts.pair !== undefined) await runText(parts, parts.pair, "a pair of short texts");
  const most = `a text of ${longest.length} tokens, which its files or limits.context_length let it have`;
  await runOne(parts, longest, most);
  return {
    dimensions: vector.length,
    mixesTexts: await mixesTexts(parts, usual, longest),
    speed: await speedOf(parts, usual),
  };
}

const runOne = (parts: WarmUpParts, ids: readonly number[], what: string): Promise<Float32Array> =>
  runText(parts, { ids, skipped: 0 }, what);

async function runText(
  { compute }: WarmUpParts,
  text: EncodedText,
  what: string,
): Promise<Float32Array> {
  try {
    const [vector] = await compute([text]);
    if (vector === undefined) throw new Error("it gives no vector");
    return vector;
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.split("\n")[0] : "";
    throw new Error(`the model fails on ${what}: ${why ?? ""}`, { cause: thrown });
  }
}

/**
 * Other orders of summation, and half precision, stay above this similarity; quantisation of a whole batch is far
 * below.
 */
const sameDirection = 0.99999;

/** Whether a text's vector changes in a batch with a longer text. */
async function mixesTexts(
  { compute, isSame = isSameDirection }: WarmUpParts,
  usual: readonly number[],
  longest: readonly number[],
): Promise<boolean> {
  const text = { ids: usual, skipped: 0 };
  const longer = { ids: longest.slice(0, usual.length + 24), skipped: 0 };
  const [alone] = await compute([text]);
  const [together] = await compute([text, longer]);
  if (alone === undefined || together === undefined) return true;
  return !isSame(alone, together);
}

/** Scores that others of a batch change by more than rounding are not the text's own. */
const nearby = 1e-4;

export const isNear = (a: Float32Array, b: Float32Array): boolean =>
  a.every((score, label) => {
    const other = b[label] ?? NaN;
    return Math.abs(score - other) <= nearby * Math.max(1, Math.abs(score));
  });

const isSameDirection = (a: Float32Array, b: Float32Array): boolean =>
  cosine(a, b) >= sameDirection || (isZero(a) && isZero(b));

const isZero = (vector: Float32Array): boolean => vector.every((value) => value === 0);

/** By a batch of a usual size, run twice, the first time unmeasured. */
async function speedOf(
  { compute, longest, now }: WarmUpParts,
  usual: readonly number[],
): Promise<number> {
  const tokens = Math.min(16, longest.length);
  const ids = Array.from({ length: tokens }, (_, place) => usual[place % usual.length] ?? 0);
  const batch = Array.from({ length: 4 }, () => ({ ids, skipped: 0 }));
  await compute(batch);
  const startedAt = now();
  await compute(batch);
  return (batch.length * tokens) / Math.max(0.01, now() - startedAt);
}
