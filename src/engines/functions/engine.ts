import { ServeError } from "../../base/errors.ts";
import { errorStack } from "../../base/text.ts";
import type {
  Engine,
  EngineHost,
  Job,
  JobContext,
  JobEvent,
  ModelInfo,
  StepEvent,
} from "../engine.ts";
import { itemEvents } from "./items.ts";
import { generateEvents } from "./job.ts";
import type { Functions } from "./functions.ts";

/** How long a step waits for the functions: the driver shares out time by steps. */
const longestWaitMs = 20;

interface RunningJob {
  readonly events: AsyncGenerator<JobEvent, void>;
  readonly controller: AbortController;
  isPending: boolean;
  isPaused: boolean;
}

/** Runs a user's functions concurrently: each job's next event is requested once its last one was taken. */
export class FunctionEngine implements Engine {
  readonly info: ModelInfo;
  readonly #functions: Functions;
  readonly #host: EngineHost;
  readonly #jobs = new Map<number, RunningJob>();
  #given: StepEvent[] = [];
  #wake: () => void = () => undefined;

  constructor(functions: Functions, info: ModelInfo, host: EngineHost) {
    this.info = info;
    this.#functions = functions;
    this.#host = host;
  }

  get busy(): boolean {
    if (this.#given.length > 0) return true;
    return [...this.#jobs.values()].some((job) => !job.isPaused);
  }

  add(id: number, job: Job, context: JobContext): void {
    const controller = new AbortController();
    const events = this.#eventsOf(job, controller.signal, context);
    this.#jobs.set(id, { events, controller, isPending: false, isPaused: false });
  }

  cancel(id: number): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    this.#jobs.delete(id);
    this.#given = this.#given.filter((given) => given.id !== id);
    job.controller.abort(ServeError.of("CALLER_GONE"));
    // Closes the user's generator at its next yield. Its result is ignored.
    job.events.return().catch(() => undefined);
  }

  pause(id: number): void {
    this.#setPaused(id, true);
  }

  resume(id: number): void {
    this.#setPaused(id, false);
  }

  async step(): Promise<readonly StepEvent[]> {
    for (const [id, job] of this.#jobs) {
      if (!job.isPaused && !job.isPending) void this.#pull(id, job);
    }
    if (this.#given.length === 0) await this.#wait();
    const given = this.#given;
    this.#given = [];
    return given;
  }

  wake(): void {
    this.#wake();
  }

  setThreads(): void {
    // The functions run on this thread. Their own threads are not limited.
  }

  async close(): Promise<void> {
    for (const id of [...this.#jobs.keys()]) this.cancel(id);
    await this.#functions.close?.();
  }

  #eventsOf(job: Job, signal: AbortSignal, context: JobContext): AsyncGenerator<JobEvent, void> {
    const { generate } = this.#functions;
    const call = { host: this.#host, signal, context };
    if (job.kind === "items") return itemEvents(this.#functions, job, call);
    if (generate === undefined) throw ServeError.of("WRONG_TASK");
    return generateEvents(generate, job, call);
  }

  #setPaused(id: number, isPaused: boolean): void {
    const job = this.#jobs.get(id);
    if (job !== undefined) job.isPaused = isPaused;
  }

  /** Requests a job's next event, and ends the job with its last one. */
  async #pull(id: number, job: RunningJob): Promise<void> {
    job.isPending = true;
    const event = await nextOf(job.events, this.#host);
    job.isPending = false;
    if (!this.#jobs.has(id)) return;
    this.#given.push({ id, event });
    if (event.kind === "finish" || event.kind === "failed") {
      this.#jobs.delete(id);
      job.events.return().catch(() => undefined);
    }
    this.#wake();
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, longestWaitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

async function nextOf(events: AsyncGenerator<JobEvent, void>, host: EngineHost): Promise<JobEvent> {
  try {
    const next = await events.next();
    if (next.done !== true) return next.value;
    throw new Error("bug: a job's events ended without a finish");
  } catch (thrown) {
    const error = ServeError.from(thrown);
    if (error.reason === "INTERNAL")
      host.log("error", `a function failed: ${errorStack(error.cause)}`);
    return { kind: "failed", error: error.toData() };
  }
}
