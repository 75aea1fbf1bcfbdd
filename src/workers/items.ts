/** What each task's items are: how an engine's values are checked, and encoded for their way to the caller. */
import type { Item, ItemResult, ItemsJob, ItemValue, ModelInfo } from "../engines/engine.ts";
import { type Check, has, isOneOf } from "./checks.ts";
import type { EncodedItem, EncodedValue } from "./messages.ts";
import { encodeVector } from "./vectors.ts";

interface Values {
  /** Whether an item has a value of the task, such as its model's: an engine's types are a promise only. */
  readonly isItem: (item: unknown, tasks: ModelInfo["tasks"]) => boolean;
  encode(value: ItemValue, job: ItemsJob): ItemResult<EncodedValue>;
}

const tasks: Readonly<Record<ItemsJob["task"], Values>> = {
  embed: {
    isItem: (item, { embed }) => isVector(embed?.dimensions)(item),
    encode: ({ values }, { output }) => encodeVector(values, output),
  },
};

/** A vector of another length than the model's would be sent as it is, past the bound of a response. */
const isVector = (dimensions: number | undefined): Check =>
  has({
    value: has({
      kind: isOneOf("vector"),
      values: (values) => values instanceof Float32Array && values.length === dimensions,
    }),
  });

/** Whether an item has a value such as its job asks for, of a model with these tasks. */
export const hasValue = ({ task }: ItemsJob, item: unknown, infos: ModelInfo["tasks"]): boolean =>
  tasks[task].isItem(item, infos);

/** An item in the form that its job asks for. */
export function encodeItem(item: Item, job: ItemsJob): EncodedItem {
  const { index, tokenCount, truncated } = item;
  const result =
    item.error === undefined ? tasks[job.task].encode(item.value, job) : { error: item.error };
  return { index, tokenCount, truncated, ...result };
}
