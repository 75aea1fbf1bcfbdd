/**
 * Computes the texts of all jobs, one batch per step: their vectors, or their scores. A batch contains whatever has
 * arrived when the engine is free: no timer waits for more. Jobs are scheduled fairly by tokens, and texts are tokenized
 * a little ahead of the batches. So a job of thousands of texts delays a job of one by a batch or two.
 */
import type { Clock } from "../../base/clock.ts";
import { ServeError } from "../../base/errors.ts";
import type {
  Answer,
  Engine,
  Item,
  ItemsJob,
  ItemValue,
  Job,
  ModelInfo,
  Question,
  StepEvent,
} from "../engine.ts";
import { tasksOf } from "../tasks.ts";
import type { Computed } from "./isolation.ts";
import { batchBudget, followSpeed, nextBatch } from "./plan.ts";
import type { PromptTable } from "./prompt.ts";
import { Reader } from "./reader.ts";
import { TextJob } from "./text-job.ts";
import type { WaitingText } from "./text-job.ts";
import type { EncodedText, Tokens } from "./unread.ts";

/** Maximum duration of a batch, if more than one text fits: cancellations are handled between batches. */
const stepMs = 50;

/** How far texts are tokenized ahead, in batches of all jobs together: enough to find some of one length. */
const batchesAhead = 8;

export interface EmbedderParts {
  readonly info: ModelInfo;
  readonly tokens: Tokens;
  readonly promptOf: PromptTable;
  /** What a job is given for the graph's numbers of one of its texts. */
  readonly valueOf: (job: ItemsJob, numbers: Float32Array) => ItemValue;
  /** Computes a batch on this many threads: a vector each, or why there is none, in their order. */
  readonly encode: (texts: readonly EncodedText[], threads: number) => Promise<readonly Computed[]>;
  readonly answer: (question: Question) => Promise<Answer | undefined>;
  readonly close: () => Promise<void>;
  readonly threads: number;
  /** A first measurement, in tokens per millisecond. */
  readonly speed: number;
  readonly clock: Clock;
}

/** Owns the jobs of one loaded model, from `load` to `close`. */
export class Embedder implements Engine {
  readonly info: ModelInfo;
  readonly #parts: EmbedderParts;
  readonly #reader: Reader;
  /** A list, since all are visited in each step. A Map's tables would stay in the old heap. */
  #jobs: readonly TextJob[] = [];
  #threads: number;
  #speed: number;
  /** The turn of a new job: the tokens that each job would have had by now in equal parts. */
  #turn = 0;
  #textsInStep = 0;

  constructor(parts: EmbedderParts) {
    this.info = parts.info;
    this.#parts = parts;
    this.#reader = new Reader(parts.tokens, parts.clock);
    this.#threads = parts.threads;
    this.#speed = parts.speed;
  }

  get busy(): boolean {
    return this.#active().length > 0;
  }

  get stepJobs(): number {
    return this.#textsInStep;
  }

  answer(question: Question): Promise<Answer | undefined> {
    return this.#parts.answer(question);
  }

  add(id: number, job: Job): void {
    const task = job.kind === "items" ? job.task : "generate";
    if (job.kind !== "items" || this.info.tasks[job.task] === undefined) {
      const own = tasksOf(this.info).join(" and ");
      throw new ServeError("WRONG_TASK", `this model can ${own}, and cannot ${task}`);
    }
    assertTokenVectors(job, this.info);
    const prompt = this.#parts.promptOf(job.task === "embed" ? job.promptName : undefined);
    this.#jobs = [...this.#jobs, new TextJob(id, { job, prompt }, this.#parts.clock.now())];
  }

  cancel(id: number): void {
    this.#jobs = this.#jobs.filter((job) => job.id !== id);
  }

  pause(id: number): void {
    this.#setPaused(id, true);
  }

  resume(id: number): void {
    this.#setPaused(id, false);
  }

  setThreads(threads: number): void {
    this.#threads = threads;
  }

  async step(): Promise<readonly StepEvent[]> {
    this.#textsInStep = 0;
    const startedAt = this.#parts.clock.now();
    const active = this.#active();
    const budget = batchBudget(this.#speed, stepMs);
    const maxTokens = (budget * batchesAhead) / active.length;
    await this.#reader.read(active, { maxTokens, turn: this.#turn });
    const events = active.flatMap((job) => job.emitFailed(startedAt));
    const waiting = active.flatMap((job) => job.waiting);
    if (waiting.length > 0) {
      events.push(...(await this.#compute(nextBatch(waiting, budget), startedAt)));
    }
    return [...events, ...this.#finish(active, startedAt)];
  }

  async close(): Promise<void> {
    this.#jobs = [];
    await this.#parts.close();
  }

  #active(): TextJob[] {
    return this.#jobs.filter((job) => !job.isPaused);
  }

  #setPaused(id: number, isPaused: boolean): void {
    const job = this.#jobs.find((each) => each.id === id);
    if (job !== undefined) job.isPaused = isPaused;
  }

  async #compute(batch: readonly WaitingText[], startedAt: number): Promise<StepEvent[]> {
    const { encode, clock } = this.#parts;
    this.#textsInStep = batch.length;
    const beganAt = clock.now();
    const computed = await encode(batch, this.#threads);
    const longest = batch.reduce((most, { length }) => Math.max(most, length), 0);
    this.#speed = followSpeed(this.#speed, batch.length * longest, clock.now() - beganAt);
    this.#advance(batch);

    const done = new Set(batch);
    for (const job of new Set(batch.map((text) => text.job))) job.leaveBatch(done, batch.length);
    // The batch is ordered by length, so texts are regrouped by job, in each job's order.
    return batch
      .map((text, place) => ({ text, result: computed[place] }))
      .sort((a, b) => a.text.job.id - b.text.job.id || a.text.index - b.text.index)
      .flatMap(({ text, result }) => {
        if (result === undefined) throw new Error("bug: a text without a vector");
        return text.job.emit(this.#itemOf(text, result), startedAt);
      });
  }

  /** Advances by the batch's tokens, divided by the competing jobs. So new jobs cannot delay old ones for ever. */
  #advance(batch: readonly WaitingText[]): void {
    const tokens = batch.reduce((sum, { length }) => sum + length, 0);
    const led = batch.reduce((least, { turn }) => Math.min(least, turn), Infinity);
    this.#turn = Math.max(led, this.#turn + tokens / this.#active().length);
  }

  #itemOf({ job, index, truncated, length }: WaitingText, result: Computed): Item {
    const facts = { index, tokenCount: length, truncated };
    return result instanceof Float32Array
      ? { ...facts, value: this.#parts.valueOf(job.asked, result) }
      : { ...facts, error: result };
  }

  #finish(jobs: readonly TextJob[], startedAt: number): StepEvent[] {
    const done = jobs.filter((job) => job.isDone);
    if (done.length > 0) this.#jobs = this.#jobs.filter((job) => !done.includes(job));
    return done.flatMap((job) => {
      const result = job.result(this.#parts.clock.now());
      return [...job.begin(startedAt), { id: job.id, event: { kind: "finish", ...result } }];
    });
  }
}

/** The service has asked before; another caller of the engine has not. */
function assertTokenVectors(job: ItemsJob, { tasks }: ModelInfo): void {
  if (job.task !== "embed" || job.tokenVectors !== true) return;
  if (tasks.embed?.tokenDimensions !== undefined) return;
  throw new ServeError("FIELD_INVALID", "token_vectors: this model gives no vectors of tokens");
}
