import { Priority } from "../../gen/inferd/v1/types.ts";
import type { CallContext } from "../calls/call.ts";
import type { Submission } from "../models/model.ts";

/** Where a job comes from: what its call tells those who queue it. */
export type Origin = Pick<
  Submission,
  "requestId" | "signal" | "arrivedAt" | "expiresAt" | "caller" | "priority"
>;

export function originOf(context: CallContext, priority: Priority): Origin {
  const { requestId, signal, arrivedAt, caller } = context;
  return {
    requestId,
    signal,
    arrivedAt,
    expiresAt: context.deadline,
    caller: caller.id,
    priority: priority === Priority.BATCH ? "batch" : caller.priority,
  };
}
