/** One call of a user's function as a stream of events. The engine reads it as fast as clients do. */
import { Completion } from "../completion.ts";
import type { CompletionJob, EmbedJob, EngineHost, JobContext, JobEvent } from "../engine.ts";
import { JobClock } from "../job-clock.ts";
import { textInputOf, textItemsOf } from "../text-input.ts";
import type { Functions, Vectors } from "./functions.ts";

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
  const completion = new Completion(job, new JobClock(host));
  yield { kind: "started" };
  const request = { ...textInputOf(job.input), sampling: job.sampling };
  for await (const piece of generate(request, signal, context)) {
    if (typeof piece !== "string") throw new Error("generate yielded something else than a string");
    yield* completion.push(piece);
    if (completion.hasEnded) return;
  }
  yield* completion.end();
}

export async function* embedEvents(
  functions: { readonly embed: NonNullable<Functions["embed"]>; readonly dimensions: number },
  job: EmbedJob,
  { host, signal, context }: FunctionCall,
): AsyncGenerator<JobEvent, void> {
  const clock = new JobClock(host);
  const items = textItemsOf(job.items);
  yield { kind: "started" };
  for (let from = 0; from < items.length; from += batch) {
    const texts = items.slice(from, from + batch);
    const vectors = await functions.embed(texts, signal, context);
    if (vectors.length !== texts.length) {
      throw new Error(`embed returned ${vectors.length} vectors for ${texts.length} texts`);
    }
    yield* itemsOf(vectors, from, functions.dimensions);
  }
  // A function does not report what it reads.
  const usage = { promptTokens: 0, cachedPromptTokens: 0, completionTokens: 0 };
  yield clock.finish({ reason: "stop", stopSequence: "", usage, meanBatchSize: 1 });
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
