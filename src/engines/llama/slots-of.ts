import type { EngineHost, ModelInfo } from "../engine.ts";
import type { Model } from "./model.ts";
import type { PrefixStore } from "./prefix-store.ts";
import { Slots } from "./slots.ts";
import { Transfers } from "./transfers.ts";

export interface SlotsParts {
  readonly model: Model;
  readonly info: Pick<ModelInfo, "slots" | "contextLength">;
  /** Undefined if prompts reuse nothing. */
  readonly store: PrefixStore | undefined;
  readonly host: Pick<EngineHost, "now">;
}

/** The slots of a model's memory, and what of them prompts may reuse. */
export function slotsOf({ model, info, store, host }: SlotsParts): Slots {
  const { cells, memory, unified, cuts } = model;
  const cellBytes = memory.bytes / memory.cells;
  // The cells of one context if all sequences share them, so that the last conversation can always continue.
  const cacheCells = unified ? info.contextLength : Infinity;
  return new Slots(cells, {
    count: info.slots,
    cacheCells: store === undefined ? 0 : cacheCells,
    sharing: store !== undefined && unified && cuts !== "nowhere",
    cuts,
    transfers: new Transfers({ cells, cellBytes, now: () => host.now() }),
    store,
  });
}
