/** What services see of models; the registry implements it, tests replace it. */
import type { AnswerTo, ModelInfo, Question, Task } from "../engines/engine.ts";
import type { Priority } from "../base/priority.ts";
import type { JobRun } from "../jobs/job-run.ts";
import type { Submission } from "../jobs/submission.ts";
import type { Manifest } from "../catalog/manifest.ts";

export type ModelState = "loading" | "ready" | "failed" | "unloading";

/** A model as it stands now. A plain snapshot: ask again for a newer one. */
export interface ModelStatus {
  readonly manifest: Manifest;
  /** `sha256:` and 64 hexadecimal digits; empty until it is known. */
  readonly digest: string;
  readonly state: ModelState;
  /** Why it failed, for a person; empty in other states. With a `retryAfterMs`, it will be tried again. */
  readonly failure: string;
  /** When it is expected to serve, from now; undefined where nothing tells, or where it will not. */
  readonly retryAfterMs?: number | undefined;
  /** Known once it has been ready; kept when it fails later. */
  readonly info: ModelInfo | undefined;
}

/** A call that waits for its model to be loaded. */
export interface WaitingCall {
  readonly caller: string;
  readonly user: string;
  readonly priority: Priority;
  /** To read: what it holds while it waits. */
  readonly tokens: number;
  readonly signal: AbortSignal;
}

/** A model that jobs can be given to. */
export interface ServingModel {
  readonly status: ModelStatus;
  /**
   * Admits, queues and runs a job. Reading its events throws ServeError where it is refused or fails, also in the middle.
   * The last event is `finish`, its timings counted from `arrivedAt`. Leaving the loop early cancels the job.
   */
  run(submission: Submission): JobRun;
  /**
   * Asks a worker something that takes no slot. Throws a ServeError: the model's, the signal's reason, WRONG_TASK for
   * what its engine does not answer, QUEUE_FULL where too many questions wait.
   */
  ask<Q extends Question>(question: Q, signal: AbortSignal): Promise<AnswerTo<Q>>;
}

/** All models of a server. */
export interface Models {
  /** Ordered by name; those that finish the calls they have, and take no more, included. */
  list(): readonly ModelStatus[];
  /** Undefined for an unknown name. */
  find(name: string): ModelStatus | undefined;
  /**
   * The model that a request means: by name, or the default, or the only one of the task where the
   * name is empty. Throws MODEL_NOT_FOUND, MODEL_REQUIRED, WRONG_TASK, MODEL_NOT_READY, MODEL_FAILED.
   */
  resolve(name: string, task: Task): ServingModel;
  /** The model that a request means, whether or not it can serve now. Throws as `resolve` for the rest. */
  choose(name: string, task: Task): ModelStatus;
  /**
   * Resolves once the model of that name loads no more, with whether it was waited for. Throws QUEUE_FULL
   * where too many wait, and the signal's reason.
   */
  loaded(name: string, call: WaitingCall): Promise<boolean>;
}
