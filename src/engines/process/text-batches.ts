import type { ItemsJob, JobContext } from "../jobs.ts";
import { Batch, type BatchHost, type Place } from "./batch.ts";
import { takeTurns } from "./batching.ts";
import type { ProgramError } from "./errors.ts";
import { timeLeft } from "./requests.ts";
import { packTexts } from "./texts.ts";
import type { TextResult } from "./results.ts";
import { itemsOf } from "./text-items.ts";
import type { TextTask } from "./text-task.ts";
import { TextsJob } from "./texts-job.ts";
import type { WorkParts } from "./work.ts";

/** Owns the jobs of one task that an engine holds, and the batches that are computed of their items. */
export class TextBatches {
  readonly #parts: WorkParts;
  readonly #task: TextTask;
  readonly #host: BatchHost;
  /** Whose turn is next comes first. */
  #jobs: readonly TextsJob[] = [];
  /** Those that the program computes. */
  #batches: readonly (readonly [callId: number, batch: Batch])[] = [];
  /** Items that were in a batch which failed, each job's alone. */
  #retries: readonly (readonly Place[])[] = [];

  constructor(parts: WorkParts, task: TextTask) {
    this.#parts = parts;
    this.#task = task;
    this.#host = {
      task,
      computed: (...of) => this.#computed(...of),
      failed: (batch, error) => this.#failed(batch, error),
    };
  }

  /** Whether one of the jobs is not paused. */
  get areBusy(): boolean {
    return this.#jobs.some(({ isPaused }) => !isPaused);
  }

  get havePaused(): boolean {
    return this.#jobs.some(({ isPaused }) => isPaused);
  }

  get task(): TextTask["task"] {
    return this.#task.task;
  }

  /** Throws a ServeError for input that the program does not read. */
  add(id: number, job: ItemsJob, context: JobContext): void {
    const added = new TextsJob(id, itemsOf(job, this.#task), {
      context,
      now: () => this.#parts.host.now(),
    });
    this.#jobs = [...this.#jobs, added];
    if (added.isDone) this.#finish(added);
  }

  cancel(id: number): void {
    const job = this.#jobs.find((each) => each.id === id);
    if (job !== undefined) this.#leave(job);
  }

  setPaused(id: number, isPaused: boolean): void {
    const job = this.#jobs.find((each) => each.id === id);
    if (job !== undefined) job.isPaused = isPaused;
  }

  /** Begins batches, as many as the program takes. */
  dispatch(): void {
    while (this.#parts.calls.count(this.task) < this.#task.concurrency) {
      const places = this.#nextPlaces();
      if (places.length === 0) return;
      this.#begin(new Batch(places, this.#host));
    }
  }

  #nextPlaces(): readonly Place[] {
    const retry = this.#retries.find(([first]) => first?.job.isPaused === false);
    if (retry !== undefined) {
      this.#retries = this.#retries.filter((each) => each !== retry);
      return retry;
    }
    const jobs = this.#jobs.filter((job) => !job.isPaused && job.next < job.items.length);
    const places = takeTurns(jobs, this.#task).flatMap(({ line, index }) => {
      const job = jobs[line];
      return job === undefined ? [] : { job, index };
    });
    for (const { job } of places) job.next += 1;
    const last = places.at(-1);
    if (last !== undefined) this.#jobs = turned(this.#jobs, last.job);
    return places;
  }

  #begin(batch: Batch): void {
    const { calls, host, output, send } = this.#parts;
    for (const job of batch.jobs) for (const event of job.begin()) output.give(job.id, event);
    const id = calls.begin(batch);
    const { lengths, body } = packTexts(
      batch.places.flatMap(({ job, index }) => job.items[index] ?? []),
    );
    // Until the last of its callers has gone.
    const deadlineMs = Math.max(...batch.jobs.map(({ context }) => context.deadlineMs));
    const time_left = timeLeft(deadlineMs, host.now());
    this.#batches = [...this.#batches, [id, batch]];
    if (send({ type: this.task, id, lengths, time_left }, body)) return;
    calls.drop(id);
    this.#failed(batch, tooLong);
  }

  #computed(batch: Batch, results: readonly TextResult[], logged: readonly string[]): void {
    this.#forget(batch);
    for (const line of logged) this.#log(line, batch);
    for (const [place, { job, index }] of batch.places.entries()) {
      const result = results[place];
      if (job.isGone || result === undefined) continue;
      job.computed(result.tokenCount);
      const item = { kind: "item", index, truncated: false, ...result } as const;
      this.#parts.output.give(job.id, item);
    }
    for (const job of batch.jobs) {
      job.leftBatch(batch.places.length);
      if (job.isDone && !job.isGone) this.#finish(job);
    }
  }

  /** Whose text is to blame is not known: each job's are tried alone, once. */
  #failed(batch: Batch, failure: ProgramError): void {
    this.#forget(batch);
    const { error, logged } = failure;
    if (logged !== undefined) this.#log(logged, batch);
    const jobs = batch.jobs.filter(({ isGone }) => !isGone);
    if (batch.jobs.length > 1) {
      const retries = Map.groupBy(batch.places, ({ job }) => job);
      this.#retries = [...this.#retries, ...jobs.map((job) => retries.get(job) ?? [])];
      return;
    }
    for (const job of jobs) {
      this.#parts.output.give(job.id, { kind: "failed", error });
      this.#leave(job);
    }
  }

  #finish(job: TextsJob): void {
    for (const event of job.begin()) this.#parts.output.give(job.id, event);
    this.#parts.output.give(job.id, job.finish());
    this.#leave(job);
  }

  #leave(job: TextsJob): void {
    job.isGone = true;
    this.#jobs = this.#jobs.filter((each) => each !== job);
    this.#retries = this.#retries.filter(([first]) => first?.job !== job);
    for (const [id, batch] of this.#batches) {
      if (batch.isWanted) continue;
      this.#forget(batch);
      this.#parts.calls.cancel(id);
    }
  }

  #forget(batch: Batch): void {
    this.#batches = this.#batches.filter(([, each]) => each !== batch);
  }

  #log(line: string, { jobs: [first, ...others] }: Batch): void {
    // A batch of several callers is about none of them.
    const requestId = others.length === 0 ? first?.context.requestId : undefined;
    this.#parts.host.log("error", `${this.task} failed: ${line}`, requestId);
  }
}

const tooLong: ProgramError = {
  error: { reason: "INPUT_TOO_LONG", message: "the text is longer than a program can be sent" },
  logged: undefined,
};

/** The jobs in their order, beginning after this one. */
function turned(jobs: readonly TextsJob[], last: TextsJob): readonly TextsJob[] {
  const at = jobs.indexOf(last) + 1;
  return [...jobs.slice(at), ...jobs.slice(0, at)];
}
