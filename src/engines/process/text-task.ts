/** What a program says of a task whose items it computes in batches, and what its numbers are. */
import type { ItemsJob, ItemValue } from "../jobs.ts";
import type { BatchBounds } from "./batching.ts";

export interface TextTask extends BatchBounds {
  readonly task: ItemsJob["task"];
  /** How many numbers each item has. */
  readonly numbers: number;
  /** Whether an item is two texts. */
  readonly pairs: boolean;
  /** Batches that the program computes at once. */
  readonly concurrency: number;
}

/** The type of the frame that answers a batch. */
export const answerTypes = {
  embed: "vectors",
  rerank: "scores",
  classify: "scores",
} as const satisfies Readonly<Record<ItemsJob["task"], string>>;

/** What an item of a task is given for its numbers. */
export function valueOf(task: ItemsJob["task"], numbers: Float32Array): ItemValue {
  switch (task) {
    case "embed":
      return { kind: "vector", values: numbers };
    case "rerank":
      return { kind: "score", score: numbers[0] ?? NaN };
    case "classify":
      return { kind: "labels", scores: numbers };
  }
}
