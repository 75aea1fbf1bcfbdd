import { type CallOptions, Priority } from "../../gen/inferd/v1/types.ts";
import type { CallContext } from "../calls/call.ts";
import type { Submission } from "../jobs/submission.ts";

/** Where a job comes from: what its call tells the queue, and the caller's quotas. */
export type Origin = Omit<Submission, "job" | "isAdmitted">;

export function originOf(context: CallContext, call: CallOptions | undefined): Origin {
  const { requestId, signal, arrivedAt, caller, traceparent } = context;
  return {
    requestId,
    signal,
    arrivedAt,
    expiresAt: context.deadline,
    caller: caller.id,
    user: call?.user ?? "",
    priority: call?.priority === Priority.BATCH ? "batch" : caller.priority,
    reserve: caller.reserve,
    ...(traceparent !== undefined && { traceparent }),
  };
}

/** Whose prompts a call's may profit from: of the same caller and the same salt. No caller's scope looks like one with a salt. */
export function cacheScopeOf(
  { cacheScope }: Pick<CallContext["caller"], "cacheScope">,
  call: CallOptions | undefined,
): string {
  const salt = call?.cacheSalt ?? "";
  return salt === "" ? cacheScope : JSON.stringify([cacheScope, salt]);
}

/** What a call says of itself for its line in the log. */
export function noteCall(
  { record }: Pick<CallContext, "record">,
  call: CallOptions | undefined,
): void {
  if (call === undefined) return;
  const { user, labels } = call;
  if (user !== "") record.user = user;
  if (Object.keys(labels).length > 0) record.labels = labels;
}
