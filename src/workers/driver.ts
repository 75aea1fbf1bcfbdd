/**
 * Drives one engine: hands it what the server sent, asks for one step at a time, and sends all that a
 * step gave in one message. Batch jobs have no part in some steps, where interactive ones have work. The
 * event loop turns between steps, so a cancellation that has come is heard when the step under way ends;
 * and an engine sees no call while its step is under way. Taking a job is work too, as its prompt is
 * read, and so is answering a question: both come last, and a step is computed between those that take long.
 */
import type { Engine, StepEvent } from "../engines/engine.ts";
import { Answers } from "./answers.ts";
import { noBatchJobs, noteStep, participantsOf } from "./batch-jobs.ts";
import { costOf } from "./credit.ts";
import { assertEvents } from "./engine-checks.ts";
import { EngineJobs, type HeldJob, newJobOf } from "./engine-jobs.ts";
import { holdingsOf, reportOf } from "./engine-report.ts";
import { JobStarts } from "./job-starts.ts";
import type { EngineReport, FromWorker, ToWorker } from "./messages.ts";
import { StepResults } from "./step-results.ts";
import { Trials } from "./trials.ts";

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

/** Jobs and questions are handed over for so long before a step; the one under way then is still taken. */
const mostAddingMs = 20;

/** Owns a worker's engine from `load` to `close`, and what the server has sent for it. */
export class Driver {
  readonly #engine: Engine;
  readonly #host: DriverHost;
  readonly #jobs: EngineJobs;
  readonly #trials = new Trials<HeldJob>();
  readonly #results: StepResults;
  readonly #starts: JobStarts;
  readonly #answers: Answers;
  #batchJobs = noBatchJobs;
  #inbox: Exclude<Command, { readonly kind: "job" }>[] = [];
  #isRunning = false;
  #isStopped = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(engine: Engine, host: DriverHost) {
    this.#engine = engine;
    this.#host = host;
    const send = (message: FromWorker): void => host.send(message);
    this.#jobs = new EngineJobs(engine);
    this.#results = new StepResults({
      tasks: engine.info.tasks,
      jobs: this.#jobs,
      trials: this.#trials,
      send,
    });
    const results = this.#results;
    this.#starts = new JobStarts({ jobs: this.#jobs, trials: this.#trials, results });
    this.#answers = new Answers(engine, send);
  }

  /** Takes a command; it is obeyed before the next step, or soon after where jobs take long. */
  receive(command: Command): void {
    if (command.kind === "job") this.#starts.add(newJobOf(command, this.#host.now()));
    else this.#inbox.push(command);
    if (this.#isRunning) {
      this.#engine.wake?.();
      return;
    }
    this.#isRunning = true;
    this.#loop = this.#run();
  }

  /** Ends after the step under way, and closes the engine. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#engine.wake?.();
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
        this.#results.collect(events ?? []);
        this.#flush(events === undefined ? holdingsOf(this.#engine) : reportOf(this.#engine));
        if (events === undefined && !this.#hasWork) break;
        await this.#host.turn();
      }
    } catch (thrown) {
      this.#isStopped = true;
      this.#host.broken(thrown);
    } finally {
      this.#isRunning = false;
    }
  }

  /** Whether there is something to do though the engine has nothing to compute. */
  get #hasWork(): boolean {
    return this.#inbox.length > 0 || !this.#starts.isEmpty || !this.#answers.isEmpty;
  }

  /** Undefined where there is nothing to compute. */
  async #step(): Promise<readonly StepEvent[] | undefined> {
    let participants = participantsOf(this.#batchJobs, this.#jobs.ready);
    this.#jobs.holdBatch(participants === "interactive");
    if (!this.#engine.busy && participants === "interactive") {
      // None of them can be computed now: they may wait for something outside, or for a batch job.
      participants = "batch";
      this.#jobs.holdBatch(false);
    }
    if (!this.#engine.busy) {
      this.#trials.stepped(false);
      return undefined;
    }
    const startedAt = this.#host.now();
    let events: readonly StepEvent[];
    try {
      events = await this.#engine.step();
      assertEvents(events);
    } catch (thrown) {
      this.#results.recover(thrown);
      return [];
    }
    this.#trials.stepped(true);
    this.#batchJobs = noteStep(this.#batchJobs, participants, this.#host.now() - startedAt);
    return events;
  }

  #obey(): void {
    const commands = this.#inbox;
    this.#inbox = [];
    const freed: number[] = [];
    for (const command of commands) {
      switch (command.kind) {
        case "cancel":
          this.#starts.cancel(command.id);
          this.#jobs.cancel(command.id);
          // Also for a job that had just ended: the server waits for the confirmation.
          freed.push(command.id);
          break;
        case "credit":
          this.#jobs.grant(command.id, command.credit);
          break;
        case "ask":
          this.#answers.add(command);
          break;
        case "forget":
          this.#answers.forget(command.id);
          break;
        case "threads":
          this.#engine.setThreads(command.threads);
          break;
      }
    }
    // At once, since a step may follow.
    if (freed.length > 0)
      this.#host.send({ kind: "freed", ids: freed, ...holdingsOf(this.#engine) });
    this.#begin();
  }

  /** Hands over jobs, then questions: at least one of each. */
  #begin(): void {
    const until = this.#host.now() + mostAddingMs;
    this.#starts.begin(() => this.#host.now() >= until);
    do this.#answers.askNext();
    while (!this.#answers.isEmpty && this.#host.now() < until);
  }

  #flush(report: EngineReport): void {
    const events = this.#results.take();
    // A step that only read a prompt has no events, but counts.
    if (events.length === 0 && report.stepJobs === undefined) return;
    this.#host.send({ kind: "step", events, ...report });
    for (const { id, event } of events) this.#jobs.charge(id, costOf(event));
  }
}
