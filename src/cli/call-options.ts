import { type CallOptions, Priority } from "../../gen/inferd/v1/types.ts";
import type { CallOptionFlags } from "./flags/call-options.ts";

const priorities = { interactive: Priority.INTERACTIVE, batch: Priority.BATCH } as const;

/** `CallOptions` from the flags of a command. Undefined if none was given. */
export function callOptionsOf(flags: CallOptionFlags): Partial<CallOptions> | undefined {
  const { wait, priority, user, label, cacheSalt } = flags;
  const options = {
    ...(wait === true && { waitForModel: true }),
    ...(priority !== undefined && { priority: priorities[priority] }),
    ...(user !== undefined && { user }),
    ...(Object.keys(label).length > 0 && { labels: { ...label } }),
    ...(cacheSalt !== undefined && { cacheSalt }),
  };
  return Object.keys(options).length === 0 ? undefined : options;
}
