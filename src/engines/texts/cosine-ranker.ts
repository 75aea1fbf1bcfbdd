/**
 * Ranks documents by a model that embeds: a score is the cosine of the query's vector and the document's. A job that
 * ranks is two jobs that embed, one of the query alone, so that it is computed once and with its own prompt.
 */
import type {
  Answer,
  EmbedJob,
  Engine,
  Job,
  JobContext,
  ModelInfo,
  Question,
  RerankJob,
  StepEvent,
} from "../engine.ts";
import { Ranking } from "./ranking.ts";

/** What a manifest states under `options.rerank`. */
export type StatedRanking = "cosine";

/** Throws an Error for a value that is none. */
export function statedRanking(value: unknown): StatedRanking | undefined {
  if (value === undefined || value === "cosine") return value;
  throw new Error("options.rerank must be cosine");
}

/** Throws an Error for a model that has no vector of a text to compare. */
export function ranking(engine: Engine, stated: StatedRanking | undefined): Engine {
  if (stated === undefined) return engine;
  const { embed } = engine.info.tasks;
  if (embed !== undefined && embed.sparse !== true) return new CosineRanker(engine);
  throw new Error("options.rerank is cosine, and the model gives no dense vector of a text");
}

/** Owns the rankings that are not finished. Of an engine's job, its own ids are twice its id, and one more. */
class CosineRanker implements Engine {
  readonly info: ModelInfo;
  readonly #engine: Engine;
  readonly #rankings = new Map<number, Ranking>();

  constructor(engine: Engine) {
    this.#engine = engine;
    this.info = { ...engine.info, tasks: { ...engine.info.tasks, rerank: {} } };
  }

  get busy(): boolean {
    return this.#engine.busy;
  }

  get stepJobs(): number {
    return this.#engine.stepJobs ?? 0;
  }

  add(id: number, job: Job, context: JobContext): void {
    if (job.kind !== "items" || job.task !== "rerank") {
      this.#engine.add(2 * id, job, context);
      return;
    }
    this.#engine.add(2 * id + 1, embedding(job, [job.query], this.#prompt("query")), context);
    this.#engine.add(2 * id, embedding(job, job.items, this.#prompt("document")), context);
    this.#rankings.set(id, new Ranking());
  }

  cancel(id: number): void {
    this.#rankings.delete(id);
    for (const own of [2 * id, 2 * id + 1]) this.#engine.cancel(own);
  }

  pause(id: number): void {
    for (const own of [2 * id, 2 * id + 1]) this.#engine.pause(own);
  }

  resume(id: number): void {
    for (const own of [2 * id, 2 * id + 1]) this.#engine.resume(own);
  }

  async step(): Promise<readonly StepEvent[]> {
    const events = await this.#engine.step();
    return events.flatMap(({ id: own, event }) => {
      const id = Math.floor(own / 2);
      const ranking = this.#rankings.get(id);
      // Of a query whose ranking has failed, nothing is told.
      if (ranking === undefined) return own % 2 === 1 ? [] : [{ id, event }];
      const given = own % 2 === 1 ? ranking.ofQuery(event) : ranking.ofDocuments(event);
      if (ranking.isDone) this.#rankings.delete(id);
      return given.map((each) => ({ id, event: each }));
    });
  }

  answer(question: Question): Answer | undefined | Promise<Answer | undefined> {
    return this.#engine.answer?.(question);
  }

  setThreads(threads: number): void {
    this.#engine.setThreads(threads);
  }

  close(): void | Promise<void> {
    this.#rankings.clear();
    return this.#engine.close();
  }

  /** As sentence-transformers' `encode_query` and `encode_document`: none where the model has none of this name. */
  #prompt(name: "query" | "document"): string {
    const prompts = this.info.tasks.embed?.prompts ?? [];
    return prompts.some((prompt) => prompt.name === name) ? name : "";
  }
}

const embedding = (
  { truncate }: RerankJob,
  items: readonly string[],
  promptName: string,
): EmbedJob => ({
  kind: "items",
  task: "embed",
  items,
  truncate,
  promptName,
  output: { normalize: false, dimensions: undefined, encoding: "float32" },
});
