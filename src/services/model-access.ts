/** Which model a call means, and whether its caller may use it. */
import type { CallContext } from "../calls/call.ts";
import type { Task } from "../engines/engine.ts";
import type { Models, ModelStatus, ServingModel, WaitingCall } from "../models/model.ts";

/** Which model a call wants. */
export interface Wanted {
  /** Empty for the default. */
  readonly name: string;
  readonly task: Task;
}

/** How a call waits for its model. */
export interface Wait {
  readonly isWanted: boolean;
  readonly user: string;
  readonly priority: WaitingCall["priority"];
  /** What the call holds meanwhile, in tokens to read, as the model's queue would count them. */
  readonly tokens: () => number;
}

/** Waits until a call's model loads no more, where it is to wait. Gives whether it has waited. */
export async function modelLoaded(
  { caller, record, signal }: CallContext,
  models: Models,
  { name, task, isWanted, user, priority, tokens }: Wanted & Wait,
): Promise<boolean> {
  if (!isWanted) return false;
  if (name !== "") caller.use(name);
  let waitedFor: string | undefined;
  // Again: what it waited for may have turned out to have another task, and another model may be meant.
  for (;;) {
    const { manifest, state } = models.choose(name, task);
    if (name === "") caller.use(manifest.name);
    if (state !== "loading") return waitedFor === manifest.name;
    record.model = manifest.name;
    const waiting = { caller: caller.id, user, priority, signal, tokens: tokens() };
    if (!(await models.loaded(manifest.name, waiting))) return false;
    waitedFor = manifest.name;
  }
}

/** Finds a call's model. One that its caller may not use is refused whether it is there or not. */
export function resolveFor(
  { caller, record }: CallContext,
  models: Models,
  { name, task }: Wanted,
): ServingModel {
  if (name !== "") caller.use(name);
  const model = models.resolve(name, task);
  const resolved = model.status.manifest.name;
  record.model = resolved;
  if (name === "") caller.use(resolved);
  return model;
}

/** The model of a request that is refused in any case, as far as its caller may know of it. */
export function lookAt(
  { caller }: CallContext,
  models: Models,
  { name, task }: Wanted,
): ModelStatus | undefined {
  try {
    const { status } = models.resolve(name, task);
    return caller.sees(status.manifest.name) ? status : undefined;
  } catch {
    // Its fields are told first.
    return undefined;
  }
}
