/** A unary call of an items job: waits for all items. One that fails fails the call, unless that asks for the others. */
import type { EmbedFinish } from "../../gen/inferd/v1/embedding_service.ts";
import type { CallContext } from "../calls/call.ts";
import type { Limits } from "../contract/limits.ts";
import type { ItemsJob } from "../engines/engine.ts";
import { queuePromptEstimate } from "../jobs/token-estimates.ts";
import type { Models, ModelStatus } from "../models/model.ts";
import type { EncodedItem } from "../workers/messages.ts";
import { type ModelRequest, modelFor } from "./call-model.ts";
import { itemsReader } from "./items-reader.ts";

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
  const items: EncodedItem[] = [];
  let finish: EmbedFinish | undefined;
  const read = itemsReader({ job, status, request, context, field });
  for await (const event of model.start(job)) {
    const given = read(event);
    finish = given.finish;
    for (const item of given.items ?? []) items.push(item);
  }
  if (finish === undefined) throw new Error("bug: a job over texts ended without a finish");
  return { items: items.sort((a, b) => a.index - b.index), finish, status };
}
