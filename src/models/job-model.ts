import type { JobModel } from "../jobs/job-runner.ts";
import type { ModelStatus } from "./model.ts";
import { assertServing, retryAfter } from "./resolve.ts";

/** A model as its jobs see it, from its status as it stands. */
export function jobModelOf(look: () => ModelStatus): JobModel {
  return {
    assertServing: () => assertServing(look()),
    assertNotGivenUp: () => {
      const status = look();
      if (status.state !== "loading") assertServing(status);
    },
    contextLength: () => look().info?.contextLength ?? 0,
    retryAfterMs: () => retryAfter(look()),
  };
}
