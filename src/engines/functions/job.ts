/** One call of a user's function as a stream of events. The engine reads it as fast as clients do. */
import { Completion } from "../completion.ts";
import type { CompletionJob, EngineHost, JobContext, JobEvent } from "../engine.ts";
import { JobClock } from "../job-clock.ts";
import { textInputOf } from "../text-input.ts";
import type { Functions } from "./functions.ts";

/** Arguments of a function beyond its request. */
export interface FunctionCall {
  readonly host: EngineHost;
  readonly signal: AbortSignal;
  readonly context: JobContext;
}

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
