import {
  type CompletionJob,
  type Engine,
  type EngineHost,
  type Job,
  type JobEvent,
  type LoadEngine,
  type Question,
  ServeError,
  type StepEvent,
  StopFilter,
} from "inferd/engine";

/** A job that the engine holds. */
interface Count {
  readonly job: CompletionJob;
  readonly stops: StopFilter;
  readonly from: number;
  readonly addedAt: number;
  startedAt: number | undefined;
  given: number;
  isPaused: boolean;
}

/** Numbers that all jobs together may have left. */
const mostNumbers = 10_000;

/** Counts down from the number in each prompt. A step gives every job its next number. */
class Countdown implements Engine {
  readonly info = {
    tasks: { generate: { chat: false } },
    contextLength: 4096,
    vocabularySize: 0,
    license: "Apache-2.0",
    slots: 8,
    libraries: [],
  };
  readonly #host: EngineHost;
  readonly #counts = new Map<number, Count>();

  constructor(host: EngineHost) {
    this.#host = host;
  }

  get busy(): boolean {
    return this.#running.length > 0;
  }

  add(id: number, job: Job): void {
    if (job.kind !== "completion") throw new ServeError("WRONG_TASK", "the model only counts");
    const from = numberIn(job);
    const left = [...this.#counts.values()].reduce((sum, one) => sum + one.from - one.given, 0);
    if (left + from > mostNumbers) {
      const message = "too many numbers are being counted; try again";
      throw new ServeError("QUEUE_FULL", message, { retryAfterMs: 5_000 });
    }
    const stops = new StopFilter(job.stop);
    const addedAt = this.#host.now();
    const state = { startedAt: undefined, given: 0, isPaused: false };
    this.#counts.set(id, { job, stops, from, addedAt, ...state });
  }

  cancel(id: number): void {
    this.#counts.delete(id);
  }

  pause(id: number): void {
    const count = this.#counts.get(id);
    if (count !== undefined) count.isPaused = true;
  }

  resume(id: number): void {
    const count = this.#counts.get(id);
    if (count !== undefined) count.isPaused = false;
  }

  step(): readonly StepEvent[] {
    const now = this.#host.now();
    return this.#running.flatMap(([id, count]) => {
      const events = next(count, now);
      if (events.at(-1)?.kind === "finish") this.cancel(id);
      return events.map((event) => ({ id, event }));
    });
  }

  /** Counts a prompt's digits; knows no other question. */
  answer(question: Question): number | undefined {
    if (question.kind !== "countTokens" || question.input.kind !== "prompt") return undefined;
    return question.input.text.length;
  }

  setThreads(): void {
    // Counting takes one.
  }

  close(): void {
    this.#counts.clear();
  }

  get #running(): [number, Count][] {
    return [...this.#counts].filter(([, { isPaused }]) => !isPaused);
  }
}

export const load: LoadEngine = (_source, host) => Promise.resolve(new Countdown(host));

function numberIn({ input }: CompletionJob): number {
  const from = input.kind === "prompt" ? Number(input.text) : NaN;
  if (Number.isInteger(from) && from > 0) return from;
  const description = "must be a whole number above zero";
  const violation = { field: "prompt", reason: "MALFORMED", description } as const;
  throw new ServeError("FIELD_INVALID", `prompt: ${description}`, { violations: [violation] });
}

/** What a step gives a job: `started` first, then its next number, `finish` after the last. */
function next(count: Count, now: number): readonly JobEvent[] {
  const { job, stops, from } = count;
  const events: JobEvent[] = count.startedAt === undefined ? [{ kind: "started" }] : [];
  count.startedAt ??= now;
  const { text, stop } = stops.push(`${from - count.given} `);
  count.given += 1;
  if (text !== "") events.push({ kind: "piece", text });
  if (stop !== undefined) return [...events, finish(count, now, "stop_sequence", stop)];
  const isLast = count.given === from;
  if (!isLast && count.given < job.sampling.maxTokens) return events;
  const held = stops.flush();
  if (held !== "") events.push({ kind: "piece", text: held });
  return [...events, finish(count, now, isLast ? "stop" : "length")];
}

function finish(
  { from, addedAt, startedAt = addedAt, given }: Count,
  now: number,
  reason: "stop" | "length" | "stop_sequence",
  stopSequence = "",
): JobEvent {
  return {
    kind: "finish",
    reason,
    stopSequence,
    usage: {
      promptTokens: String(from).length,
      cachedPromptTokens: 0,
      completionTokens: given,
    },
    timings: {
      queueMs: startedAt - addedAt,
      prefillMs: 0,
      firstTokenMs: startedAt - addedAt,
      decodeMs: now - startedAt,
      totalMs: now - addedAt,
      meanBatchSize: 1,
    },
  };
}
