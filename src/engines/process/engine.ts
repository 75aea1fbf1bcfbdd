import { ServeError } from "../../base/errors.ts";
import type { Engine, EngineHost, Job, JobContext, ModelInfo, StepEvent } from "../engine.ts";
import { Calls, type OpenCall } from "./calls.ts";
import type { Frame } from "./frames.ts";
import { Generations } from "./generations.ts";
import { HangWatch } from "./hang.ts";
import { Output } from "./output.ts";
import type { Program } from "./program.ts";
import type { Ready } from "./ready.ts";
import { TextBatches } from "./text-batches.ts";

/** Of a step while jobs are paused: batch jobs are, for as long as others have the step. */
const pausedStepMs = 20;

/** Serves jobs by a program: hands them over as the program takes them, and gives what it answers. */
export class ProgramEngine implements Engine {
  readonly info: ModelInfo;
  readonly #program: Pick<Program, "send" | "abandon" | "close">;
  readonly #host: EngineHost;
  readonly #output = new Output();
  readonly #calls: Calls;
  readonly #watch: HangWatch;
  readonly #generations: Generations | undefined;
  /** One for each task of the program but generation. */
  readonly #batches: readonly TextBatches[];

  constructor(
    { info, generate, texts }: Ready,
    program: Pick<Program, "send" | "abandon" | "close">,
    host: EngineHost,
  ) {
    this.info = info;
    this.#program = program;
    this.#host = host;
    this.#watch = new HangWatch({
      maxStepMs: host.maxStepMs,
      open: () => this.#calls.open,
      ping: () => program.send({ type: "ping" }),
      hung: (open, answersPing) => this.#hung(open, answersPing),
    });
    this.#calls = new Calls({ send: (head) => program.send(head), now: () => this.#watch.now });
    const parts = {
      host,
      output: this.#output,
      calls: this.#calls,
      send: (...frame: Parameters<Program["send"]>) => program.send(...frame),
    };
    this.#generations = generate && new Generations(parts, generate.concurrency);
    this.#batches = texts.map((task) => new TextBatches(parts, task));
  }

  get busy(): boolean {
    if (!this.#output.isEmpty) return true;
    return this.#generations?.areBusy === true || this.#batches.some(({ areBusy }) => areBusy);
  }

  get stepJobs(): number {
    return this.#output.computed;
  }

  add(id: number, job: Job, context: JobContext): void {
    if (job.kind === "completion") {
      if (this.#generations === undefined) throw ServeError.of("WRONG_TASK");
      this.#generations.add(id, job, context);
      return;
    }
    const batches = this.#batches.find(({ task }) => task === job.task);
    if (batches === undefined) throw ServeError.of("WRONG_TASK");
    batches.add(id, job, context);
  }

  cancel(id: number): void {
    this.#output.drop(id);
    this.#generations?.cancel(id);
    for (const batches of this.#batches) batches.cancel(id);
  }

  pause(id: number): void {
    this.#generations?.pause(id);
    for (const batches of this.#batches) batches.setPaused(id, true);
  }

  resume(id: number): void {
    this.#generations?.resume(id);
    for (const batches of this.#batches) batches.setPaused(id, false);
  }

  /** Ends as soon as the program has given something: what came together leaves together. */
  async step(): Promise<readonly StepEvent[]> {
    this.#dispatch();
    const events = await this.#output.take(this.#hasPaused ? pausedStepMs : Infinity);
    this.#generations?.taken();
    return events;
  }

  wake(): void {
    this.#output.wake();
  }

  setThreads(threads: number): void {
    this.#program.send({ type: "threads", threads });
  }

  close(): Promise<void> {
    this.#watch.stop();
    return this.#program.close();
  }

  /** Takes frames of the program that came together. */
  receive(frames: readonly Frame[]): void {
    for (const frame of frames) {
      if (frame.head.type === "pong") this.#watch.ponged();
      else this.#calls.receive(frame);
    }
    // A call that has ended leaves room for one that waits.
    this.#dispatch();
    if (!this.#output.isEmpty) this.#output.wake();
  }

  get #hasPaused(): boolean {
    const { havePaused = false } = this.#generations ?? {};
    return havePaused || this.#batches.some((batches) => batches.havePaused);
  }

  #dispatch(): void {
    this.#generations?.dispatch();
    for (const batches of this.#batches) batches.dispatch();
  }

  #hung({ call, isCancelled }: OpenCall, answersPing: boolean): void {
    const what = isCancelled ? "did not end after it was cancelled" : "gave nothing";
    const ping = answersPing ? "still answers" : "does not answer";
    const ms = this.#host.maxStepMs.toLocaleString("en");
    this.#host.log(
      "error",
      `${call.task} hangs: it ${what} for ${ms} ms, and the program ${ping} a ping; the program is ended`,
    );
    this.#program.abandon();
  }
}
