import { IdList } from "../../base/id-list.ts";
import type { CompletionJob, JobContext, JobEvent } from "../jobs.ts";
import { type TextInput, textInputOf } from "../text-input.ts";
import type { Calls } from "./calls.ts";
import type { ProgramError } from "./errors.ts";
import { creditWindow, Generation } from "./generation.ts";
import { generateHead } from "./requests.ts";
import type { WorkParts } from "./work.ts";

interface Entry {
  readonly generation: Generation;
  readonly input: TextInput;
}

/** Owns the completions that an engine holds: those that wait, in the order in which they came, and those that run. */
export class Generations {
  readonly #parts: WorkParts;
  readonly #calls: Calls;
  readonly #concurrency: number;
  readonly #jobs = new IdList<Entry>();

  constructor(parts: WorkParts, concurrency: number) {
    this.#parts = parts;
    this.#calls = parts.calls;
    this.#concurrency = concurrency;
  }

  /** Whether one of them is not paused. */
  get areBusy(): boolean {
    return this.#jobs.values.some(({ generation }) => !generation.isPaused);
  }

  get havePaused(): boolean {
    return this.#jobs.values.some(({ generation }) => generation.isPaused);
  }

  /** Throws a ServeError for input that no program reads. */
  add(id: number, job: CompletionJob, context: JobContext): void {
    const input = textInputOf(job.input);
    const { host, output, send } = this.#parts;
    const generation: Generation = new Generation(job, context, {
      now: () => host.now(),
      give: (event: JobEvent) => output.give(id, event),
      grant: (credit) => {
        const { callId } = generation;
        if (callId === undefined) return;
        this.#calls.touch(callId);
        send({ type: "credit", id: callId, credit });
      },
      fail: (error) => this.#fail(id, error),
      ended: () => this.cancel(id),
    });
    this.#jobs.add(id, { generation, input });
  }

  /** Forgets it, and tells the program where that has not ended it. */
  cancel(id: number): void {
    const callId = this.#jobs.take(id)?.generation.callId;
    if (callId !== undefined) this.#calls.cancel(callId);
  }

  pause(id: number): void {
    this.#jobs.get(id)?.generation.pause();
  }

  resume(id: number): void {
    this.#jobs.get(id)?.generation.resume();
  }

  /** A step has taken what they were given. */
  taken(): void {
    for (const { generation } of this.#jobs.values) generation.refund();
  }

  /** Begins those that wait, as many as the program takes. */
  dispatch(): void {
    let free = this.#concurrency - this.#calls.count("generate");
    for (const [id, { generation, input }] of this.#jobs) {
      if (free <= 0) return;
      if (generation.callId !== undefined || generation.isPaused) continue;
      this.#begin(id, generation, input);
      free -= 1;
    }
  }

  #begin(id: number, generation: Generation, input: TextInput): void {
    const { job, context } = generation;
    const callId = this.#calls.begin(generation);
    generation.start(callId);
    const request = { id: callId, job, input, context, credit: creditWindow };
    const head = generateHead({ ...request, now: this.#parts.host.now() });
    if (this.#parts.send(head)) return;
    this.#calls.drop(callId);
    this.#fail(id, tooLong);
  }

  #fail(id: number, { error, logged }: ProgramError): void {
    const requestId = this.#jobs.get(id)?.generation.context.requestId;
    if (logged !== undefined)
      this.#parts.host.log("error", `generate failed: ${logged}`, requestId);
    this.#parts.output.give(id, { kind: "failed", error });
    this.cancel(id);
  }
}

const tooLong: ProgramError = {
  error: { reason: "INPUT_TOO_LONG", message: "the prompt is longer than a program can be sent" },
  logged: undefined,
};
