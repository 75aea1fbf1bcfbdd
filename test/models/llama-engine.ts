/** A real llama engine in this process, driven as a worker drives it. */
import { load } from "../../src/engines/llama/index.ts";
import type {
  CompletionInput,
  CompletionJob,
  Engine,
  EngineHost,
  JobEvent,
  JobResult,
  ModelSource,
  Sampling,
} from "../../src/engines/engine.ts";
import { context } from "../fixtures/jobs.ts";

export const modelPath = `${import.meta.dirname}/../../models/inferd-demo/model.gguf`;

/** One thread, so that a busy machine costs these tests least. */
export function openEngine(
  source: Partial<ModelSource> = {},
  log: EngineHost["log"] = () => undefined,
): Promise<Engine> {
  return load(
    {
      name: "inferd-demo",
      files: { model: modelPath },
      chatTemplate: undefined,
      contextLength: undefined,
      maxSequences: undefined,
      options: {},
      threads: 1,
      ...source,
    },
    { progress: () => undefined, log, now: () => performance.now(), maxStepMs: 60_000 },
  );
}

export const greedy: Sampling = {
  temperature: 0,
  topK: 40,
  topP: 0.95,
  minP: 0.05,
  typicalP: 1,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  penaltyLastN: 64,
  seed: 1,
  maxTokens: 24,
  minTokens: 0,
  logitBias: new Map(),
  ignoreEos: false,
};

/** A job for a prompt, or any input, at temperature zero unless it says otherwise. */
export function jobFor(
  input: string | CompletionInput,
  sampling: Partial<Sampling> = {},
  rest: Partial<CompletionJob> = {},
): CompletionJob {
  return {
    kind: "completion",
    input: typeof input === "string" ? { kind: "prompt", text: input } : input,
    sampling: { ...greedy, ...sampling },
    stop: [],
    truncate: "none",
    maxPromptTokens: 1_000_000,
    returnTokenIds: false,
    cacheScope: "",
    ...rest,
  };
}

/** All that a job gave. */
export interface Completion {
  readonly text: string;
  readonly tokens: readonly number[];
  readonly events: readonly JobEvent[];
  readonly result: JobResult;
}

/** Collects the events of an engine's jobs while it steps. */
export class Run {
  readonly #engine: Engine;
  readonly #events = new Map<number, JobEvent[]>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  add(id: number, job: CompletionJob): void {
    this.#engine.add(id, job, context);
  }

  events(id: number): readonly JobEvent[] {
    return this.#events.get(id) ?? [];
  }

  async step(): Promise<void> {
    for (const { id, event } of await this.#engine.step()) {
      this.#events.set(id, [...(this.#events.get(id) ?? []), event]);
    }
  }

  /** Steps until `done`, or until the engine has nothing to do. */
  async until(done: () => boolean = () => false): Promise<void> {
    while (this.#engine.busy && !done()) await this.step();
  }

  completion(id: number): Completion {
    const events = this.events(id);
    const last = events.at(-1);
    if (last?.kind !== "finish") throw new Error(`job ${id} has not finished`);
    const pieces = events.filter((event) => event.kind === "piece");
    return {
      text: pieces.map((piece) => piece.text).join(""),
      tokens: pieces.flatMap((piece) => [...(piece.tokenIds ?? [])]),
      events,
      result: last,
    };
  }
}

let lastId = 0;

/** Runs jobs together to their ends. */
export async function complete(
  engine: Engine,
  ...jobs: readonly CompletionJob[]
): Promise<readonly Completion[]> {
  const run = new Run(engine);
  const ids = jobs.map(() => (lastId += 1));
  jobs.forEach((job, index) => run.add(ids[index]!, job));
  await run.until();
  return ids.map((id) => run.completion(id));
}
