/**
 * Drives one engine: hands it what the server sent, asks for one step at a time, and sends all that a
 * step gave in one message. Batch jobs have no part in some steps, where interactive ones have work. The
 * event loop turns between steps, so a cancellation that has come is heard when the step under way ends;
 * and an engine sees no call while its step is under way. Taking a job is work too, as its prompt is
 * read: so jobs come last, and a step is computed between those that take long.
 */
import { ServeError } from "../base/errors.ts";
import type { ErrorData } from "../base/errors.ts";
import { IdList } from "../base/id-list.ts";
import type { Priority } from "../base/priority.ts";
import type { Engine, JobEvent, StepEvent } from "../engines/engine.ts";
import { noBackground, noteStep, partyOf } from "./background.ts";
import { costOf, Credit } from "./credit.ts";
import type {
  EncodedVector,
  EngineReport,
  FromWorker,
  ToWorker,
  VectorShape,
  WorkerEvent,
} from "./messages.ts";
import { assertEvent, soundError, soundMemory, soundStepJobs } from "./soundness.ts";
import { encodeVector } from "./vectors.ts";

/** What the server asks of a loaded engine. */
export type Command = Exclude<ToWorker, { readonly kind: "load" | "stop" | "ping" }>;

/** Where a driver's results go. */
export interface DriverHost {
  send(message: FromWorker): void;
  /** Lets waiting messages be received. */
  turn(): Promise<unknown>;
  /** A monotonic clock, in milliseconds. */
  now(): number;
  /** The engine threw where it must not: nothing it holds can be trusted. Called at most once. */
  broken(thrown: unknown): void;
}

type JobCommand = Extract<Command, { readonly kind: "job" }>;

/** Jobs are handed over for so long before a step; the one under way then is still taken. */
const mostAddingMs = 20;

interface DrivenJob {
  readonly shape: VectorShape;
  readonly priority: Priority;
  readonly credit: Credit;
  /** Its caller does not read, or steps are computed without it. */
  isPaused: boolean;
}

interface JobOutput {
  readonly id: number;
  readonly event: WorkerEvent;
}

/** Owns a worker's engine and its jobs from `load` to `close`. */
export class Driver {
  readonly #engine: Engine;
  readonly #host: DriverHost;
  readonly #jobs = new IdList<DrivenJob>();
  #background = noBackground;
  #isBatchHeld = false;
  /** Jobs that the engine has not been given yet, oldest first. */
  #waiting: JobCommand[] = [];
  #inbox: Command[] = [];
  #outbox: JobOutput[] = [];
  #isRunning = false;
  #isStopped = false;
  #hasLied = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(engine: Engine, host: DriverHost) {
    this.#engine = engine;
    this.#host = host;
  }

  /** Takes a command; it is obeyed before the next step, or soon after where jobs take long. */
  receive(command: Command): void {
    this.#inbox.push(command);
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#loop = this.#run();
  }

  /** Ends after the step under way, and closes the engine. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#loop;
    await this.#engine.close();
  }

  async #run(): Promise<void> {
    try {
      // Jobs that arrived together begin in the same step.
      await this.#host.turn();
      while (!this.#isStopped) {
        this.#obey();
        const events = await this.#step();
        this.#collect(events ?? []);
        this.#flush(events === undefined ? {} : this.#report());
        const isIdle = this.#inbox.length === 0 && this.#waiting.length === 0;
        if (events === undefined && isIdle) break;
        await this.#host.turn();
      }
    } catch (thrown) {
      this.#isStopped = true;
      this.#host.broken(thrown);
    } finally {
      this.#isRunning = false;
    }
  }

  /** Undefined where there is nothing to compute. */
  async #step(): Promise<readonly StepEvent[] | undefined> {
    let party = partyOf(this.#background, this.#ready());
    this.#holdBatch(party === "interactive");
    if (!this.#engine.busy && party === "interactive") {
      // None of them can be computed now: they may wait for something outside, or for a batch job.
      party = "batch";
      this.#holdBatch(false);
    }
    if (!this.#engine.busy) return undefined;
    const startedAt = this.#host.now();
    const events = await this.#engine.step();
    this.#background = noteStep(this.#background, party, this.#host.now() - startedAt);
    return events;
  }

  #holdBatch(isHeld: boolean): void {
    this.#isBatchHeld = isHeld;
    for (const [id, job] of this.#jobs) this.#settle(id, job);
  }

  /** The priorities of the jobs whose callers read. */
  #ready(): readonly Priority[] {
    return this.#jobs.values.flatMap(({ credit, priority }) => (credit.isSpent ? [] : priority));
  }

  /** Pauses a job, or lets it go on. */
  #settle(id: number, job: DrivenJob): void {
    const isPaused = job.credit.isSpent || (this.#isBatchHeld && job.priority === "batch");
    if (isPaused === job.isPaused) return;
    job.isPaused = isPaused;
    if (isPaused) this.#engine.pause(id);
    else this.#engine.resume(id);
  }

  #obey(): void {
    const commands = this.#inbox;
    this.#inbox = [];
    const freed: number[] = [];
    for (const command of commands) {
      switch (command.kind) {
        case "job":
          this.#waiting.push(command);
          break;
        case "cancel":
          this.#waiting = this.#waiting.filter(({ id }) => id !== command.id);
          if (this.#jobs.take(command.id) !== undefined) this.#engine.cancel(command.id);
          // Also for a job that had just ended by itself: the server waits for a word.
          freed.push(command.id);
          break;
        case "credit":
          this.#grant(command.id, command.credit);
          break;
        case "threads":
          this.#engine.setThreads(command.threads);
          break;
      }
    }
    // At once, since a step may follow.
    if (freed.length > 0) {
      const memory = soundMemory(this.#engine.memory);
      this.#host.send({ kind: "freed", ids: freed, ...(memory && { memory }) });
    }
    this.#addWaiting();
  }

  #addWaiting(): void {
    const until = this.#host.now() + mostAddingMs;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#add(next);
      if (this.#host.now() >= until) return;
    }
  }

  #report(): EngineReport {
    const stepJobs = soundStepJobs(this.#engine.stepJobs);
    const memory = soundMemory(this.#engine.memory);
    return { ...(stepJobs !== undefined && { stepJobs }), ...(memory && { memory }) };
  }

  #add({ id, job, shape, requestId, priority, credit }: JobCommand): void {
    try {
      this.#engine.add(id, job);
      this.#jobs.add(id, { shape, priority, credit: new Credit(credit), isPaused: false });
    } catch (thrown) {
      this.#outbox.push({ id, event: { kind: "failed", error: this.#refusal(thrown, requestId) } });
    }
  }

  #refusal(thrown: unknown, requestId: string): ErrorData {
    const error = ServeError.from(thrown);
    if (error.reason === "INTERNAL") {
      const message = `the engine refused a job: ${describe(error.cause ?? error)}`;
      this.#host.send({ kind: "log", level: "error", message, requestId });
    }
    return soundError(error.toData());
  }

  #grant(id: number, credit: number): void {
    // None comes for a job that waits: nothing of it was sent that could be read.
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    job.credit.grant(credit);
    this.#settle(id, job);
  }

  #collect(events: readonly StepEvent[]): void {
    // Vectors of one job that follow each other travel as one event.
    let group: { readonly id: number; readonly vectors: EncodedVector[] } | undefined;
    for (const { id, event } of events) {
      const job = this.#jobs.get(id);
      if (job === undefined) {
        this.#noteLie();
        continue;
      }
      assertEvent(event);
      if (event.kind !== "vector") {
        group = undefined;
        this.#outbox.push({ id, event: soundEnd(event) });
        if (event.kind === "finish" || event.kind === "failed") this.#jobs.take(id);
        continue;
      }
      if (group?.id !== id) {
        group = { id, vectors: [] };
        this.#outbox.push({ id, event: { kind: "vectors", vectors: group.vectors } });
      }
      group.vectors.push(encodeVector(event.vector, job.shape));
    }
  }

  #flush(report: EngineReport): void {
    const events = this.#outbox;
    // A step that only read a prompt has no events, but counts.
    if (events.length === 0 && report.stepJobs === undefined) return;
    this.#outbox = [];
    this.#host.send({ kind: "step", events, ...report });
    for (const { id, event } of events) this.#charge(id, costOf(event));
  }

  #charge(id: number, cost: number): void {
    const job = this.#jobs.get(id);
    if (job === undefined || cost === 0) return;
    job.credit.spend(cost);
    this.#settle(id, job);
  }

  /** Said once: an engine that does this does it often. */
  #noteLie(): void {
    if (this.#hasLied) return;
    this.#hasLied = true;
    this.#log("warn", "the engine sent an event for a job that it does not have; it was dropped");
  }

  #log(level: "warn" | "error", message: string): void {
    this.#host.send({ kind: "log", level, message });
  }
}

function soundEnd(event: Exclude<JobEvent, { readonly kind: "vector" }>): WorkerEvent {
  return event.kind === "failed" ? { ...event, error: soundError(event.error) } : event;
}

/** What a thrown value says for the log: the stack where there is one, and its causes. */
export function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const own = thrown.stack ?? thrown.message;
  return thrown.cause === undefined ? own : `${own}\ncaused by: ${describe(thrown.cause)}`;
}
