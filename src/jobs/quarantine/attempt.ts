import type { Attempt } from "../job-run.ts";
import type { JobRecord } from "../job-record.ts";
import type { Probation } from "./quarantine.ts";

/** A suspect's attempt, which tells its probation how far the job has got. */
export function onProbation(attempt: Attempt, probation: Probation, job: JobRecord): Attempt {
  return {
    next: async () => {
      const result = await attempt.next();
      if (result.done === true) probation.finished();
      else probation.gave(job.given);
      return result;
    },
    end: () => {
      attempt.end();
      probation.leave();
    },
  };
}
