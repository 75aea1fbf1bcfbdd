import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { ModelMeter } from "../base/meter.ts";
import type { AnswerTo, ModelInfo, Question } from "../engines/engine.ts";
import { type Assignment, Channel, type Held } from "./channel.ts";
import type { ProcessExit } from "./exit-reason.ts";
import { Holdings } from "./holdings.ts";
import type { JobStream } from "./job-stream.ts";
import { StderrTail } from "./stderr-tail.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { OpenQuestions } from "./open-questions.ts";
import type { Exit, Port } from "./port.ts";
import { Watchdog } from "./watchdog.ts";
import type { Arbiter, Share } from "./shares.ts";

/** In characters: every answer that lists the model carries why it failed. */
const longestReason = 2000;
/** Of a line that a worker has for the log, in characters. */
const longestLine = 16_384;

/** How long a worker may be silent before it is taken to hang. */
export interface WorkerTimeouts {
  /** One step. */
  readonly stepMs: number;
  /** Loading, since it last got further. */
  readonly loadMs: number;
}

export interface WorkerProcessOptions {
  readonly start: () => Port;
  readonly load: (threads: number) => Extract<ToWorker, { readonly kind: "load" }>;
  /** Threads it can use when no other worker is busy. */
  readonly threads: number;
  readonly timeouts: WorkerTimeouts;
  readonly arbiter: Arbiter;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: ModelMeter;
  /** It may have a place for a job. */
  readonly onFree: () => void;
}

/** What its replica is told. */
export interface WorkerProcessEvents {
  /** It has loaded so much, from 0 to 1. */
  readonly onProgress: (fraction: number) => void;
  /** It has loaded, `loadMs` after it was started. */
  readonly onReady: (info: ModelInfo, loadMs: number) => void;
  /** Its process has ended; its jobs fail when this returns. Called once, and nothing else after it. */
  readonly onEnd: (ended: ProcessExit) => void;
}

/** One life of a worker process: starts it, watches it, and talks with it until it has ended. */
export class WorkerProcess {
  readonly #options: WorkerProcessOptions;
  readonly #events: WorkerProcessEvents;
  readonly #port: Port;
  readonly #share: Share;
  readonly #channel: Channel;
  readonly #words = new StderrTail();
  readonly #startedAt: number;
  #readyAt: number | undefined;
  #hasEnded = false;
  /** How much of the model is loaded. */
  #fraction = 0;
  /** Watches its loading, then its steps. */
  #watchdog: Watchdog | undefined;
  readonly #holdings: Holdings;
  readonly #questions: OpenQuestions;
  #loadFailure: string | undefined;
  #killedFor: string | undefined;

  constructor(options: WorkerProcessOptions, events: WorkerProcessEvents) {
    const { start, load, threads, arbiter, clock, log, meter, timeouts, onFree } = options;
    this.#options = options;
    this.#events = events;
    const port = start();
    this.#port = port;
    this.#share = arbiter.join(threads, (share) => port.send({ kind: "threads", threads: share }));
    this.#channel = new Channel({
      port,
      now: clock.now,
      meter,
      onBusy: (isBusy) => this.#share.setBusy(isBusy),
      onFree,
    });
    this.#questions = new OpenQuestions({ port, onEnd: onFree });
    this.#holdings = new Holdings(meter);
    this.#startedAt = clock.now();
    this.#watch(timeouts.loadMs, "loading got no further");
    port.onMessage((message) => this.#receive(message));
    port.onExit((exit) => this.#end(exit));
    port.onLine((line) => {
      this.#words.note(line);
      log.debug({ line }, "worker printed");
    });
    port.send(load(this.#share.threads));
    log.debug({ workerPid: port.pid }, "worker started");
  }

  get pid(): number | undefined {
    return this.#port.pid;
  }

  /** Jobs that it holds. */
  get jobs(): number {
    return this.#channel.jobs;
  }

  /** Batch jobs among them. */
  get batchJobs(): number {
    return this.#channel.batchJobs;
  }

  /** What it may be computing. */
  get held(): readonly Held[] {
    return this.#channel.held;
  }

  /** What its engine keeps, as it last said. */
  get holdings(): Pick<Holdings, "memory" | "prefixes"> {
    return this.#holdings;
  }

  /** Questions that it has not answered. */
  get questions(): number {
    return this.#questions.size;
  }

  run(assignment: Assignment): JobStream {
    return this.#channel.run(assignment);
  }

  ask<Q extends Question>(question: Q, signal: AbortSignal): Promise<AnswerTo<Q>> {
    return this.#questions.ask(question, signal);
  }

  /** Asks it to end. */
  stop(): void {
    this.#port.send({ kind: "stop" });
  }

  /** Ends it at once. */
  kill(): void {
    this.#port.kill();
  }

  /** Ends it at once for what it has loaded. */
  refuse(reason: string): void {
    this.#loadFailure = clipped(reason, longestReason);
    this.#port.kill();
  }

  #receive(message: FromWorker): void {
    // While it loads, its process may answer although loading does not get on.
    if (this.#readyAt !== undefined) this.#watchdog?.heard();
    switch (message.kind) {
      case "step":
        this.#channel.receive(message.events);
        this.#holdings.note(message);
        return;
      case "freed":
        this.#channel.freed(message.ids);
        this.#holdings.note(message);
        return;
      case "answer":
      case "unanswered":
        this.#questions.receive(message);
        return;
      case "progress":
        this.#progress(message.fraction);
        return;
      case "ready":
        this.#ready(message.info);
        return;
      case "load-failed":
        this.refuse(message.message);
        return;
      case "pong":
        return;
      case "log":
        this.#log(message);
    }
  }

  #log({ level, requestId, message }: Extract<FromWorker, { readonly kind: "log" }>): void {
    const fields = { workerPid: this.pid, ...(requestId && { requestId }) };
    this.#options.log[level](fields, clipped(message, longestLine));
  }

  #progress(fraction: number): void {
    if (this.#hasEnded) return;
    if (fraction > this.#fraction) this.#watchdog?.heard();
    this.#fraction = Math.max(this.#fraction, fraction);
    this.#events.onProgress(fraction);
  }

  #ready(info: ModelInfo): void {
    // It can have died with this message on the way.
    if (this.#hasEnded) return;
    const { clock, timeouts, log } = this.#options;
    this.#readyAt = clock.now();
    this.#watch(timeouts.stepMs, "it does not answer: a step did not end, or it was stopped");
    log.debug({ workerPid: this.pid }, "worker ready");
    this.#events.onReady(info, this.#readyAt - this.#startedAt);
  }

  /** Kills the process where it is silent for too long. */
  #watch(silenceMs: number, why: string): void {
    const { clock, log } = this.#options;
    this.#watchdog?.stop();
    this.#watchdog = new Watchdog({
      clock,
      silenceMs,
      ask: () => this.#port.send({ kind: "ping" }),
      lost: () => {
        log.error({ workerPid: this.pid, why, silenceMs }, "worker hangs; killed");
        this.#killedFor = why;
        this.#port.kill();
      },
    });
  }

  #end(exit: Exit): void {
    this.#hasEnded = true;
    this.#share.leave();
    this.#watchdog?.stop();
    this.#events.onEnd({
      exit,
      readyAt: this.#readyAt,
      loadFailure: this.#loadFailure,
      killedFor: this.#killedFor,
      lines: this.#words.lines,
    });
    // Last: a retry must not find this worker ready.
    this.#channel.close();
    this.#questions.close();
  }
}

const clipped = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most)}…` : text;
