/** One call of a user's function over texts as a stream of events, a part of the texts at a time. */
import { ServeError } from "../../base/errors.ts";
import type { ClassifyJob, ItemsJob, ItemValue, JobEvent } from "../engine.ts";
import { JobClock } from "../job-clock.ts";
import { refuseRawScores, textItemsOf } from "../text-input.ts";
import type { ClassifyInput, Functions, Numbers, Vectors } from "./functions.ts";
import type { FunctionCall } from "./job.ts";

/** Maximum texts per call of a function. */
const batch = 32;

/** How a job's items are computed. */
interface Work {
  /** The function's name, for messages. */
  readonly name: ItemsJob["task"];
  /** How many numbers each item has; undefined for one that is no list. */
  readonly length: number | undefined;
  /** Computes the items from one place to before another. */
  readonly compute: (from: number, to: number) => ArrayLike<unknown> | Promise<ArrayLike<unknown>>;
}

/** Throws a ServeError for a job that no function is for. */
export function itemEvents(
  functions: Functions,
  job: ItemsJob,
  call: FunctionCall,
): AsyncGenerator<JobEvent, void> {
  if (functions[job.task] === undefined) throw ServeError.of("WRONG_TASK");
  return eventsOf(functions, job, call);
}

/** Throws a ServeError for a job that asks for what no function gives. */
function workOf(functions: Functions, job: ItemsJob, { signal, context }: FunctionCall): Work {
  const { embed, rerank, classify, dimensions, labels } = functions;
  switch (job.task) {
    case "embed": {
      if (embed === undefined) break;
      const texts = textItemsOf(job.items);
      const compute = (from: number, to: number): Vectors | Promise<Vectors> =>
        embed(texts.slice(from, to), signal, context);
      return { name: job.task, length: dimensions, compute };
    }
    case "rerank": {
      if (rerank === undefined) break;
      refuseRawScores(job);
      const compute = (from: number, to: number): Numbers | Promise<Numbers> =>
        rerank(job.query, job.items.slice(from, to), signal, context);
      return { name: job.task, length: undefined, compute };
    }
    case "classify": {
      if (classify === undefined) break;
      refuseRawScores(job);
      const inputs = inputsOf(job);
      const compute = (from: number, to: number): Vectors | Promise<Vectors> =>
        classify(inputs.slice(from, to), signal, context);
      return { name: job.task, length: labels?.length, compute };
    }
  }
  throw ServeError.of("WRONG_TASK");
}

function inputsOf({ items, pairs }: ClassifyJob): readonly ClassifyInput[] {
  return items.map((text, index) => {
    const pair = pairs?.[index];
    return { text, ...(pair !== undefined && { pair }) };
  });
}

async function* eventsOf(
  functions: Functions,
  job: ItemsJob,
  call: FunctionCall,
): AsyncGenerator<JobEvent, void> {
  const clock = new JobClock(call.host);
  const work = workOf(functions, job, call);
  const count = job.items.length;
  yield { kind: "started" };
  for (let from = 0; from < count; from += batch) {
    const to = Math.min(count, from + batch);
    const given = await work.compute(from, to);
    if (given.length !== to - from) {
      const what = work.name === "embed" ? "vectors" : "results";
      throw new Error(`${work.name} returned ${given.length} ${what} for ${to - from} texts`);
    }
    for (const [place, each] of Array.from(given).entries()) {
      const value = valueOf(work, each);
      yield { kind: "item", index: from + place, value, tokenCount: 0, truncated: false };
    }
  }
  // A function does not report what it reads.
  const usage = { promptTokens: 0, cachedPromptTokens: 0, completionTokens: 0 };
  yield clock.finish({ reason: "stop", stopSequence: "", usage, meanBatchSize: 1 });
}

/** Whether numbers are finite is checked where they are sent. */
function valueOf({ name, length }: Work, given: unknown): ItemValue {
  if (name === "rerank") {
    if (typeof given === "number") return { kind: "score", score: given };
    throw new Error(`rerank returned ${typeof given} for a document, not a number`);
  }
  // A list by the function's type; what is none has no length.
  const numbers = given as Numbers;
  if (numbers.length !== length) {
    const what = name === "embed" ? "a vector" : "scores";
    throw new Error(`${name} returned ${what} of ${numbers.length} numbers, not ${length ?? 0}`);
  }
  const values = Float32Array.from(numbers);
  return name === "embed" ? { kind: "vector", values } : { kind: "labels", scores: values };
}
