/** The items of a job as a program reads them: each is one text, or two. */
import type { ItemsJob } from "../jobs.ts";
import { refuseRawScores, singleTexts, textItemsOf } from "../text-input.ts";
import type { Line } from "./batching.ts";
import type { TextTask } from "./text-task.ts";

/** Throws FIELD_INVALID for what no program reads, or not this one. */
export function itemsOf(job: ItemsJob, { pairs }: Pick<TextTask, "pairs">): Line["items"] {
  switch (job.task) {
    case "embed":
      return textItemsOf(job.items).map((text) => [text]);
    case "rerank":
      refuseRawScores(job);
      return job.items.map((document) => [job.query, document]);
    case "classify":
      refuseRawScores(job);
      if (!pairs) return singleTexts(job).map((text) => [text]);
      return job.items.map((text, index) => [text, job.pairs?.[index] ?? ""]);
  }
}
