/** What each task's items are: how an engine's values are checked, and encoded for their way to the caller. */
import type { ErrorData } from "../base/errors.ts";
import type { Item, ItemResult, ItemsJob, ItemValue, ModelInfo } from "../engines/engine.ts";
import { type Check, has, isOneOf } from "./checks.ts";
import type { EncodedItem, EncodedValue } from "./messages.ts";
import { encodeVector } from "./vectors.ts";

type ValueKind = ItemValue["kind"];

/** Which kind of value each task's items have. */
const kinds = {
  embed: "vector",
  rerank: "score",
  classify: "labels",
} as const satisfies Readonly<Record<ItemsJob["task"], ValueKind>>;

/** Whether a value is one of its kind, such as its model's: an engine's types are a promise only. */
const checks: Readonly<Record<ValueKind, (tasks: ModelInfo["tasks"]) => Check>> = {
  // A vector of another length than the model's would be sent as it is, past the bound of a response.
  vector: ({ embed }) => has({ values: isFloats(embed?.dimensions) }),
  // Whether it is finite is told to its caller.
  score: () => has({ score: (score) => typeof score === "number" }),
  labels: ({ classify }) => has({ scores: isFloats(classify?.labels.length) }),
};

const isFloats =
  (length: number | undefined): Check =>
  (values) =>
    values instanceof Float32Array && values.length === length;

/** Whether an item has a value such as its job asks for, of a model with these tasks. */
export function hasValue({ task }: ItemsJob, item: unknown, infos: ModelInfo["tasks"]): boolean {
  const kind = kinds[task];
  return (
    has({ value: has({ kind: isOneOf(kind) }) })(item) && has({ value: checks[kind](infos) })(item)
  );
}

/** An item in the form that its job asks for. */
export function encodeItem(item: Item, job: ItemsJob): EncodedItem {
  const { index, tokenCount, truncated } = item;
  const result = item.error === undefined ? encode(item.value, job) : { error: item.error };
  return { index, tokenCount, truncated, ...result };
}

function encode(value: ItemValue, job: ItemsJob): ItemResult<EncodedValue> {
  switch (value.kind) {
    case "vector":
      // The check of its event saw to it that only such a job has vectors.
      return job.task === "embed" ? encodeVector(value.values, job.output) : { error: notFinite };
    case "score":
      return Number.isFinite(value.score) ? { value } : { error: notFinite };
    case "labels":
      return value.scores.every(Number.isFinite) ? { value } : { error: notFinite };
  }
}

const notFinite: ErrorData = {
  reason: "RESULT_NOT_FINITE",
  message:
    "the model's score of this text is NaN or infinite; leave the text out, or have the model checked",
};
