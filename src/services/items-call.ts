/** A unary call of an items job: waits for all items. One that fails fails the call, unless that asks for the others. */
import type { EmbedFinish } from "../../gen/inferd/v1/embedding_service.ts";
import { ServeError } from "../base/errors.ts";
import type { CallContext } from "../calls/call.ts";
import type { Limits } from "../contract/limits.ts";
import type { ItemsJob } from "../engines/engine.ts";
import { queuePromptEstimate } from "../jobs/token-estimates.ts";
import type { Models, ModelStatus } from "../models/model.ts";
import type { EncodedItem } from "../workers/messages.ts";
import { type ModelRequest, modelFor } from "./call-model.ts";
import { assertItems } from "./item-errors.ts";
import { finishOf } from "./items-finish.ts";

export interface ItemsRequest extends ModelRequest {
  readonly allowItemErrors: boolean;
}

export interface ItemsCall {
  readonly models: Models;
  readonly limits: Limits;
  readonly job: ItemsJob;
  /** The request's list that the job's items are of. */
  readonly field: string;
  /** Throws for what only the model knows to be wrong. */
  readonly check?: (status: ModelStatus) => void;
}

export interface ComputedItems {
  /** In their order. */
  readonly items: readonly EncodedItem[];
  readonly finish: EmbedFinish;
  readonly status: ModelStatus;
}

export async function computeItems(
  request: ItemsRequest,
  context: CallContext,
  { models, limits, job, field, check }: ItemsCall,
): Promise<ComputedItems> {
  const { task } = job;
  const tokens = () => queuePromptEstimate(job);
  const model = await modelFor(request, context, { models, limits, task, tokens });
  const { status } = model;
  context.record.inputs = job.items.length;
  check?.(status);
  const items = new Map<number, EncodedItem>();
  let finish: EmbedFinish | undefined;
  for await (const event of model.start(job)) {
    switch (event.kind) {
      case "started":
        break;
      case "items":
        assertItems(event.items, { request, context, field });
        for (const item of event.items) items.set(item.index, item);
        break;
      case "finish":
        finish = finishOf(event, status, context);
        break;
      case "failed":
        throw ServeError.fromData(event.error);
      case "piece":
        throw new Error(`bug: a job of the task ${task} gave text`);
    }
  }
  const all = job.items.flatMap((_, index) => items.get(index) ?? []);
  if (finish === undefined || all.length < job.items.length || items.size > all.length) {
    throw new Error("the engine ended without one value for each item");
  }
  return { items: all, finish, status };
}
