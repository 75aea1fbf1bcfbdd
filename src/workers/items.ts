/** What each task's items are: how an engine's values are checked, and encoded for their way to the caller. */
import type { ErrorData } from "../base/errors.ts";
import type {
  Item,
  ItemResult,
  ItemsJob,
  ItemValue,
  ModelInfo,
  VectorFormat,
} from "../engines/engine.ts";
import { type Check, has, isOneOf } from "./checks.ts";
import type { EncodedItem, EncodedValue } from "./messages.ts";
import { encodeSparse, isSparse } from "./sparse-vectors.ts";
import { encodeTokens } from "./token-vectors.ts";
import { encodeVector } from "./vectors.ts";

type ValueKind = ItemValue["kind"];

/** Which kind of value the items of a job have. */
function kindOf(job: ItemsJob, { embed }: ModelInfo["tasks"]): ValueKind {
  switch (job.task) {
    case "embed":
      if (job.tokenVectors === true) return "tokens";
      return embed?.sparse === true ? "sparse" : "vector";
    case "rerank":
      return "score";
    case "classify":
      return "labels";
  }
}

/** Whether a value is one of its kind, such as its model's: an engine's types are a promise only. */
const checks: Readonly<Record<ValueKind, (tasks: ModelInfo["tasks"]) => Check>> = {
  // A vector of another length than the model's would be sent as it is, past the bound of a response.
  vector: ({ embed }) => has({ values: isFloats(embed?.dimensions) }),
  sparse: ({ embed }) => isSparse(embed?.dimensions ?? 0),
  tokens: ({ embed }) =>
    has({ dimensions: isOneOf(embed?.tokenDimensions), values: areRows(embed?.tokenDimensions) }),
  // Whether it is finite is told to its caller.
  score: () => has({ score: (score) => typeof score === "number" }),
  labels: ({ classify }) => has({ scores: isFloats(classify?.labels.length) }),
};

const isFloats =
  (length: number | undefined): Check =>
  (values) =>
    values instanceof Float32Array && values.length === length;

const areRows =
  (length: number | undefined): Check =>
  (values) =>
    values instanceof Float32Array && length !== undefined && values.length % length === 0;

/** Whether an item has a value such as its job asks for, of a model with these tasks. */
export function hasValue(job: ItemsJob, item: unknown, infos: ModelInfo["tasks"]): boolean {
  const kind = kindOf(job, infos);
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
      return encodeVector(value.values, formatOf(job));
    case "sparse":
      return encodeSparse(value, formatOf(job));
    case "tokens":
      return encodeTokens(value, formatOf(job));
    case "score":
      return Number.isFinite(value.score) ? { value } : { error: notFinite };
    case "labels":
      return value.scores.every(Number.isFinite) ? { value } : { error: notFinite };
  }
}

/** The check of an event saw to it that only such a job has vectors. */
function formatOf(job: ItemsJob): VectorFormat {
  if (job.task === "embed") return job.output;
  throw new Error(`bug: a job of the task ${job.task} has vectors`);
}

const notFinite: ErrorData = {
  reason: "RESULT_NOT_FINITE",
  message:
    "the model's score of this text is NaN or infinite; leave the text out, or have the model checked",
};
