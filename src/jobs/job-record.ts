/**
 * One job's life in the front: where it is, when it got there, what it has given and how it ended. These numbers are
 * written here alone. The queue, the worker's channel, quotas, metrics and the call's log line read them; spans will.
 */
import type { Reason } from "../base/errors.ts";
import type { JobFacts, JobLogFields } from "../base/job-facts.ts";
import type { JobStage } from "../base/meter.ts";
import type { JobResult } from "../engines/engine.ts";
import type { Ticket } from "../scheduling/ticket.ts";
import type { JobProgress } from "../workers/channel.ts";
import { countOf } from "../workers/credit.ts";
import type { WorkerEvent } from "../workers/messages.ts";
import { completionTokensOf, promptTokensOf } from "../workers/token-counts.ts";
import { logFieldsOf } from "./job-log.ts";
import type { JobCounts, JobState, JobTimes } from "./job-state.ts";
import type { Submission } from "./submission.ts";
import { queueEstimate } from "./token-estimates.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export class JobRecord implements JobState, JobProgress, JobFacts {
  readonly submission: Submission;
  readonly #times: Writable<JobTimes>;
  readonly #counts: Writable<JobCounts> = {
    pieces: 0,
    items: 0,
    promptTokens: 0,
    completionTokens: 0,
  };
  readonly #ticket: Ticket;
  #isSuspect = false;
  #isRetry = false;
  #stage: JobStage = "admission";
  #given = 0;
  #result: JobResult | undefined;
  #failure: Reason | undefined;

  constructor(submission: Submission, contextLength: number) {
    const { job, arrivedAt, caller, user, priority } = submission;
    this.submission = submission;
    this.#ticket = { caller, user, priority, ...queueEstimate(job, contextLength) };
    this.#times = {
      arrived: arrivedAt,
      queued: undefined,
      started: undefined,
      firstOutput: undefined,
      computed: undefined,
      begun: undefined,
      lastOutput: undefined,
      ended: undefined,
    };
  }

  /** What the queue knows of it. A suspect runs as an interactive job: the other suspects wait for its end. */
  get ticket(): Ticket {
    return this.#isSuspect ? { ...this.#ticket, priority: "interactive" } : this.#ticket;
  }

  /** Its first worker died before it had given anything. */
  get isRetry(): boolean {
    return this.#isRetry;
  }

  /** Where it is, or was when it ended. */
  get stage(): JobStage {
    return this.#stage;
  }

  get times(): JobTimes {
    return this.#times;
  }

  get counts(): JobCounts {
    return this.#counts;
  }

  /** Pieces or items that came from its worker, read or not. */
  get given(): number {
    return this.#given;
  }

  get result(): JobResult | undefined {
    return this.#result;
  }

  /** Why it ended without a result. */
  get failure(): Reason | undefined {
    return this.#failure;
  }

  /** A worker has begun it, as its call has heard. */
  get isStarted(): boolean {
    return this.#times.begun !== undefined;
  }

  /** For the call's line in the log. */
  get logFields(): JobLogFields {
    return logFieldsOf(this);
  }

  /** It waits for its probation. */
  suspected(): void {
    this.#isSuspect = true;
    this.#stage = "suspect";
  }

  /** It asks the queue for a slot. */
  enters(): void {
    this.#stage = "admission";
  }

  /** There is no slot, and it may wait. */
  waits(at: number): void {
    this.#stage = "queue";
    this.#times.queued = at;
  }

  /** A worker has it. */
  starts(at: number): void {
    this.#stage = "worker";
    this.#times.started = at;
  }

  /** It is to start over. */
  retries(): void {
    this.#isRetry = true;
    this.#isSuspect = false;
  }

  /** Its worker has sent this. */
  arrived(event: WorkerEvent, at: number): void {
    const count = countOf(event);
    this.#given += count;
    if (count > 0) this.#times.firstOutput ??= at;
    if (event.kind === "finish") this.#times.computed = at;
  }

  /** Its call is given this. */
  delivered(event: WorkerEvent, at: number): void {
    const [times, counts] = [this.#times, this.#counts];
    times.begun ??= at;
    switch (event.kind) {
      case "piece":
      case "reasoning":
      case "tool_call":
        times.lastOutput = at;
        counts.pieces += 1;
        counts.completionTokens += completionTokensOf(event, this.submission.job);
        return;
      case "items":
        times.lastOutput = at;
        counts.items += event.items.length;
        counts.promptTokens += promptTokensOf(event);
        return;
      case "finish":
        this.#result = event;
        counts.promptTokens = event.usage.promptTokens;
        counts.completionTokens = event.usage.completionTokens;
        return;
      case "started":
      case "failed":
    }
  }

  /** Nothing is read any more, for this reason where there is no result. */
  ended(failure: Reason | undefined, at: number): void {
    this.#failure = failure;
    this.#times.ended = at;
  }
}
