import type { JobResult } from "../engines/engine.ts";
import type { Submission } from "./submission.ts";

/**
 * Moments by one monotonic clock, in milliseconds; undefined until they come. Of a job that is tried again, `queued` and
 * `started` are those of its last try: the first gave nothing.
 */
export interface JobTimes {
  /** Its call arrived. */
  readonly arrived: number;
  /** It began to wait for a slot. */
  readonly queued: number | undefined;
  /** A worker was given it. */
  readonly started: number | undefined;
  /** The worker's first piece or items came. */
  readonly firstOutput: number | undefined;
  /** The worker's result came, however late that is read. */
  readonly computed: number | undefined;
  /** Its call was given its first event: the engine had begun it. */
  readonly begun: number | undefined;
  /** Its call was given a piece or items last. */
  readonly lastOutput: number | undefined;
  /** Nothing is read of it any more. */
  readonly ended: number | undefined;
}

/** What its call was given. */
export interface JobCounts {
  readonly pieces: number;
  readonly items: number;
  /** As far as they are known: of texts whose results were given, then by the result. */
  readonly promptTokens: number;
  /** As far as they are known: of pieces that were given, then by the result. */
  readonly completionTokens: number;
}

/** A job as it stands. */
export interface JobState {
  readonly submission: Submission;
  readonly times: JobTimes;
  readonly counts: JobCounts;
  /** Undefined until its call was given it. */
  readonly result: JobResult | undefined;
}
