import type { CallOptions } from "../../gen/inferd/v1/types.ts";
import type { CallContext } from "../calls/call.ts";
import type { Limits } from "../contract/limits.ts";
import type { AnswerTo, Job, Question } from "../engines/engine.ts";
import type { JobRun } from "../jobs/job-run.ts";
import type { Models, ModelStatus } from "../models/model.ts";
import { waits } from "./messages.ts";
import { modelLoaded, resolveFor, type Wanted } from "./model-access.ts";
import { noteCall, originOf } from "./origin.ts";

/** What requests that ask a model have in common. */
export interface ModelRequest {
  /** Empty for the default. */
  readonly model: string;
  readonly call?: CallOptions | undefined;
}

/** The model that a call has got. */
export interface CallModel {
  readonly status: ModelStatus;
  /** Makes the call's job of this. Nothing happens before its first event is asked for. */
  start(job: Job): JobRun;
  /** Asks a worker of the model something, for as long as the call lasts. */
  ask<Q extends Question>(question: Q): Promise<AnswerTo<Q>>;
}

export interface CallModelOptions {
  readonly models: Models;
  readonly limits: Limits;
  readonly task: Wanted["task"];
  /** What the call holds while it waits, in tokens to read. */
  readonly tokens: () => number;
}

/** Finds a call's model, and waits until it is loaded where the call is to. */
export async function modelFor(
  request: ModelRequest,
  context: CallContext,
  { models, limits, task, tokens }: CallModelOptions,
): Promise<CallModel> {
  const wanted = { name: request.model, task };
  noteCall(context, request.call);
  const origin = originOf(context, request.call);
  const { user, priority } = origin;
  const wait = { isWanted: waits(request, limits), user, priority, tokens };
  const isAdmitted = await modelLoaded(context, models, { ...wanted, ...wait });
  const model = resolveFor(context, models, wanted);
  const start = (job: Job): JobRun => {
    const run = model.run({ job, ...origin, isAdmitted });
    context.record.job = run.job;
    return run;
  };
  return {
    status: model.status,
    start,
    ask: (question) => model.ask(question, context.signal),
  };
}
