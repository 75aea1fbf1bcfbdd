/**
 * Drives one engine: hands it what the server sent, asks for one step at a time, and sends all that a
 * step gave in one message. Batch jobs have no part in some steps, where interactive ones have work. The
 * event loop turns between steps, so a cancellation that has come is heard when the step under way ends;
 * and an engine sees no call while its step is under way. Taking a job is work too, as its prompt is
 * read: so jobs come last, and a step is computed between those that take long.
 */
import { ServeError } from "../base/errors.ts";
import { IdList } from "../base/id-list.ts";
import type { Priority } from "../base/priority.ts";
import type { Engine, JobEvent, StepEvent } from "../engines/engine.ts";
import { noBatchJobs, noteStep, participantsOf } from "./batch-jobs.ts";
import { costOf, Credit } from "./credit.ts";
import { describe } from "./describe.ts";
import type { EngineReport, FromWorker, ToWorker } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { assertEvent, checkedMemory, checkedPrefixes, checkedStepJobs } from "./engine-checks.ts";
import { type Tried, Trials } from "./trials.ts";

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

/** After so many steps in a row that threw and gave nothing, the engine is broken. */
const mostThrows = 16;

interface DrivenJob {
  /** What the server sent. */
  readonly command: JobCommand;
  readonly priority: Priority;
  readonly credit: Credit;
  /** Its caller does not read, or steps are computed without it. */
  isPaused: boolean;
  hasStarted: boolean;
  /** Whether its caller was given anything. */
  hasGiven: boolean;
}

interface TriedJob extends Tried {
  readonly command: JobCommand;
  readonly hasStarted: boolean;
}

const fresh = { hasStarted: false };

/** Owns a worker's engine and its jobs from `load` to `close`. */
export class Driver {
  readonly #engine: Engine;
  readonly #host: DriverHost;
  readonly #jobs = new IdList<DrivenJob>();
  #batchJobs = noBatchJobs;
  #isBatchHeld = false;
  /** Jobs that the engine has not been given yet, oldest first. */
  #waiting: JobCommand[] = [];
  #inbox: Command[] = [];
  readonly #outbox = new Outbox();
  readonly #trials = new Trials<TriedJob>();
  #throws = 0;
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
        this.#flush(events === undefined ? this.#holdings() : this.#report());
        const isIdle =
          this.#inbox.length === 0 && this.#waiting.length === 0 && !this.#trials.isOpen;
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
    let participants = participantsOf(this.#batchJobs, this.#ready());
    this.#holdBatch(participants === "interactive");
    if (!this.#engine.busy && participants === "interactive") {
      // None of them can be computed now: they may wait for something outside, or for a batch job.
      participants = "batch";
      this.#holdBatch(false);
    }
    if (!this.#engine.busy) {
      this.#trials.stepped(false);
      return undefined;
    }
    const startedAt = this.#host.now();
    let events: readonly StepEvent[];
    try {
      events = await this.#engine.step();
    } catch (thrown) {
      this.#recover(thrown);
      return [];
    }
    this.#trials.stepped(true);
    this.#batchJobs = noteStep(this.#batchJobs, participants, this.#host.now() - startedAt);
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
          this.#trials.cancel(command.id);
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
    if (freed.length > 0) this.#host.send({ kind: "freed", ids: freed, ...this.#holdings() });
    this.#addWaiting();
  }

  #addWaiting(): void {
    if (this.#trials.isOpen) {
      const next = this.#trials.next();
      if (next !== undefined) this.#add(next.command, next);
      return;
    }
    const until = this.#host.now() + mostAddingMs;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#add(next);
      if (this.#host.now() >= until) return;
    }
  }

  #report(): EngineReport {
    const stepJobs = checkedStepJobs(this.#engine.stepJobs);
    return { ...(stepJobs !== undefined && { stepJobs }), ...this.#holdings() };
  }

  /** What the engine holds, whether or not it has just computed a step. */
  #holdings(): EngineReport {
    const memory = checkedMemory(this.#engine.memory);
    const prefixes = checkedPrefixes(this.#engine.prefixes);
    return { ...(memory && { memory }), ...(prefixes && { prefixes }) };
  }

  #add(command: JobCommand, { hasStarted }: Pick<DrivenJob, "hasStarted"> = fresh): void {
    const { id, job, priority, credit } = command;
    try {
      this.#engine.add(id, job);
    } catch (thrown) {
      this.#fail(id, command, thrown);
      return;
    }
    const state = { isPaused: false, hasStarted, hasGiven: false };
    this.#jobs.add(id, { command, priority, credit: new Credit(credit), ...state });
  }

  #grant(id: number, credit: number): void {
    // None comes for a job that waits: nothing of it was sent that could be read.
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    job.credit.grant(credit);
    this.#settle(id, job);
  }

  #collect(events: readonly StepEvent[]): void {
    for (const { id, event } of events) {
      const job = this.#jobs.get(id);
      if (job === undefined) {
        this.#noteLie();
        continue;
      }
      try {
        assertEvent(event);
        this.#take(id, job, event);
      } catch (thrown) {
        // The engine has it still.
        this.#engine.cancel(id);
        this.#fail(id, job.command, thrown);
      }
    }
  }

  #take(id: number, job: DrivenJob, event: JobEvent): void {
    if (event.kind === "vector") this.#outbox.addVector(id, event.vector, job.command.shape);
    else if (event.kind !== "started" || !job.hasStarted) this.#outbox.add(id, event);
    job.hasStarted = true;
    if (event.kind === "finish" || event.kind === "failed") this.#jobs.take(id);
    if (event.kind === "started") return;
    job.hasGiven = true;
    this.#throws = 0;
    this.#trials.passed(id);
  }

  /** A step has thrown: the jobs that it computed are tried one at a time, and fail where that is not possible. */
  #recover(thrown: unknown): void {
    this.#throws += 1;
    const running = [...this.#jobs].filter(([, { isPaused }]) => !isPaused);
    // Nobody is to blame, or everybody: the engine is.
    if (running.length === 0 || this.#throws > mostThrows) throw thrown;
    for (const [id] of running) {
      this.#engine.cancel(id);
      this.#jobs.take(id);
    }
    const tried = running.map(([id, job]) => ({ ...job, id }));
    const failed = this.#trials.threw(tried);
    for (const { id, command } of failed) this.#fail(id, command, thrown);
    if (failed.length < tried.length) {
      this.#log("warn", "a step failed: its jobs are tried again, one at a time");
    }
  }

  /** Ends a job whose error nobody foresaw, or that the engine has refused. */
  #fail(id: number, { requestId }: JobCommand, thrown: unknown): void {
    this.#jobs.take(id);
    this.#trials.passed(id);
    const error = ServeError.from(thrown);
    if (error.reason === "INTERNAL") {
      const message = `the engine failed a job: ${describe(error.cause ?? error)}`;
      this.#host.send({ kind: "log", level: "error", message, requestId });
    }
    this.#outbox.add(id, { kind: "failed", error: error.toData() });
  }

  #flush(report: EngineReport): void {
    const events = this.#outbox.take();
    // A step that only read a prompt has no events, but counts.
    if (events.length === 0 && report.stepJobs === undefined) return;
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
