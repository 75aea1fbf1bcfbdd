import { Completion } from "../completion.ts";
import { JobClock } from "../job-clock.ts";
import type { CompletionJob, JobContext, JobEvent } from "../jobs.ts";
import type { Call } from "./calls.ts";
import { fieldsOf, ownError, type ProgramError, programError } from "./errors.ts";
import type { Frame, Head } from "./frames.ts";
import { textsOf } from "./texts.ts";

/** Pieces that a program may send ahead of the server's reader. */
export const creditWindow = 64;

/** What a generation tells the engine. */
export interface GenerationHost {
  now(): number;
  give(event: JobEvent): void;
  /** The program may send so many more pieces. */
  grant(credit: number): void;
  fail(error: ProgramError): void;
  /** Its last event was given, though the program may not have ended it. */
  ended(): void;
}

interface Arrival {
  readonly frame: Frame;
  /** The pieces that it has. */
  readonly texts: readonly string[];
}

/** One completion that a program writes, from the moment it was added. */
export class Generation implements Call {
  readonly task = "generate";
  readonly job: CompletionJob;
  readonly context: JobContext;
  readonly #host: GenerationHost;
  readonly #clock: JobClock;
  readonly #completion: Completion;
  /** Under which id the program knows it; undefined while it waits. */
  callId: number | undefined;
  #isPaused = false;
  #credit = creditWindow;
  /** Pieces that were given since credit was. */
  #given = 0;
  /** What came while it was paused: the credit bounds it. */
  #held: Arrival[] = [];

  constructor(job: CompletionJob, context: JobContext, host: GenerationHost) {
    this.job = job;
    this.context = context;
    this.#host = host;
    this.#clock = new JobClock(host);
    this.#completion = new Completion(job, this.#clock);
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isDue(): boolean {
    return this.#credit > 0;
  }

  start(callId: number): void {
    this.callId = callId;
    this.#clock.start();
    this.#host.give({ kind: "started" });
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    // A program without credit sends nothing, so that no step would end after which it gets some.
    this.refund();
    const held = this.#held;
    this.#held = [];
    for (const arrival of held) this.#take(arrival);
  }

  /** Gives credit for the pieces that a step has taken: in halves, so that frames of credit are few. */
  refund(): void {
    if (this.#isPaused || this.#given < creditWindow / 2) return;
    const credit = this.#given;
    this.#given = 0;
    this.#credit += credit;
    this.#host.grant(credit);
  }

  receive(frame: Frame): void {
    const isPieces = frame.head.type === "piece" || frame.head.type === "pieces";
    const texts = isPieces ? textsOf(frame) : [];
    // An empty frame is not free: else a program could send any number.
    if (isPieces) this.#credit -= Math.max(1, texts.length);
    if (this.#credit < 0) {
      this.#host.fail(ownError("the program sent more pieces than it had credit for"));
    } else if (this.#isPaused) this.#held.push({ frame, texts });
    else this.#take({ frame, texts });
  }

  #take({ frame: { head }, texts }: Arrival): void {
    if (this.#completion.hasEnded) return;
    switch (head.type) {
      case "piece":
      case "pieces":
        this.#takePieces(texts);
        return;
      case "done":
        this.#give(this.#completion.end(endOf(head)));
        return;
      case "error":
        this.#host.fail(programError(head["error"]));
        return;
      case "cancelled":
        this.#host.fail(ownError("the program ended a generation that was not cancelled"));
    }
  }

  #takePieces(texts: readonly string[]): void {
    for (const text of texts) {
      this.#give(this.#completion.push(text));
      if (this.#completion.hasEnded) return;
    }
    this.#given += Math.max(1, texts.length);
  }

  #give(events: readonly JobEvent[]): void {
    for (const event of events) this.#host.give(event);
    if (this.#completion.hasEnded) this.#host.ended();
  }
}

function endOf(head: Head): Parameters<Completion["end"]>[0] {
  const usage = fieldsOf(head["usage"]);
  const { reason } = head;
  const promptTokens = countOf(usage["prompt_tokens"]);
  const completionTokens = countOf(usage["completion_tokens"]);
  return {
    ...((reason === "stop" || reason === "length") && { reason }),
    ...(promptTokens !== undefined && { promptTokens }),
    ...(completionTokens !== undefined && { completionTokens }),
  };
}

/** What a field of type uint32 can carry; undefined for anything else. */
export function countOf(value: unknown): number | undefined {
  const isCount =
    typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
  return isCount ? value : undefined;
}
