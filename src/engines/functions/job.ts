/** One call of a user's function as a stream of events. The engine reads it as fast as clients do. */
import { ServeError } from "../../base/errors.ts";
import type {
  CompletionJob,
  EmbedJob,
  EngineHost,
  JobContext,
  JobEvent,
  JobResult,
} from "../engine.ts";
import type { Functions, TextRequest, Vectors } from "./functions.ts";
import { StopFilter } from "../stops.ts";

/** Arguments of a function beyond its request. */
export interface FunctionCall {
  readonly host: EngineHost;
  readonly signal: AbortSignal;
  readonly context: JobContext;
}

/** Maximum texts per call of `embed`. */
const batch = 32;

export async function* generateEvents(
  generate: NonNullable<Functions["generate"]>,
  job: CompletionJob,
  { host, signal, context }: FunctionCall,
): AsyncGenerator<JobEvent, void> {
  const clock = new JobClock(host);
  const filter = new StopFilter(job.stop);
  yield { kind: "started" };
  let pieces = 0;
  for await (const piece of generate(requestOf(job), signal, context)) {
    if (typeof piece !== "string") throw new Error("generate yielded something else than a string");
    clock.first();
    pieces++;
    const { text, stop } = filter.push(piece);
    if (text !== "") yield { kind: "piece", text };
    if (stop !== undefined) {
      yield clock.finish({ reason: "stop_sequence", stopSequence: stop, pieces });
      return;
    }
    if (pieces >= job.sampling.maxTokens) break;
  }
  const held = filter.flush();
  if (held !== "") yield { kind: "piece", text: held };
  const reason = pieces >= job.sampling.maxTokens ? "length" : "stop";
  yield clock.finish({ reason, stopSequence: "", pieces });
}

export async function* embedEvents(
  functions: { readonly embed: NonNullable<Functions["embed"]>; readonly dimensions: number },
  job: EmbedJob,
  { host, signal, context }: FunctionCall,
): AsyncGenerator<JobEvent, void> {
  const clock = new JobClock(host);
  yield { kind: "started" };
  for (let from = 0; from < job.items.length; from += batch) {
    const texts = job.items.slice(from, from + batch);
    const vectors = await functions.embed(texts, signal, context);
    if (vectors.length !== texts.length) {
      throw new Error(`embed returned ${vectors.length} vectors for ${texts.length} texts`);
    }
    yield* itemsOf(vectors, from, functions.dimensions);
  }
  yield clock.finish({ reason: "stop", stopSequence: "", pieces: 0 });
}

function itemsOf(vectors: Vectors, from: number, dimensions: number): readonly JobEvent[] {
  return vectors.map((vector, place) => {
    if (vector.length !== dimensions) {
      throw new Error(`embed returned a vector of ${vector.length} numbers, not ${dimensions}`);
    }
    const values = Float32Array.from(vector);
    const value = { kind: "vector", values } as const;
    return { kind: "item", index: from + place, value, tokenCount: 0, truncated: false };
  });
}

function requestOf({ input, sampling }: CompletionJob): TextRequest {
  switch (input.kind) {
    case "prompt":
      return {
        prompt: input.text,
        messages: [{ role: "user", content: input.text }],
        sampling,
      };
    case "chat":
      return { prompt: input.messages.at(-1)?.content ?? "", messages: input.messages, sampling };
    case "token_ids":
      throw withoutVocabulary();
  }
}

function withoutVocabulary(): ServeError {
  const description = "this model has no vocabulary; send text";
  return new ServeError("FIELD_INVALID", description, {
    violations: [{ field: "token_ids", reason: "UNSUPPORTED", description }],
  });
}

/** Records when the parts of a job happened. */
class JobClock {
  readonly #host: EngineHost;
  readonly #startedAt: number;
  #firstAt: number | undefined;

  constructor(host: EngineHost) {
    this.#host = host;
    this.#startedAt = host.now();
  }

  first(): void {
    this.#firstAt ??= this.#host.now();
  }

  finish(end: {
    readonly reason: JobResult["reason"];
    readonly stopSequence: string;
    readonly pieces: number;
  }): JobEvent {
    const totalMs = this.#host.now() - this.#startedAt;
    const firstMs = this.#firstAt === undefined ? undefined : this.#firstAt - this.#startedAt;
    return {
      kind: "finish",
      reason: end.reason,
      stopSequence: end.stopSequence,
      // A function does not report what it reads.
      usage: { promptTokens: 0, cachedPromptTokens: 0, completionTokens: end.pieces },
      timings: {
        queueMs: 0,
        prefillMs: firstMs ?? totalMs,
        firstTokenMs: firstMs ?? 0,
        decodeMs: firstMs === undefined ? 0 : totalMs - firstMs,
        totalMs,
        meanBatchSize: 1,
      },
    };
  }
}
