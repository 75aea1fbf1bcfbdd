import type { Item, JobEvent, JobResult } from "../engine.ts";
import { cosine } from "./cosine.ts";

/** Owns one job that ranks: what is known of its query, and the documents that wait for it. */
export class Ranking {
  #query: Item | undefined;
  /** Events of documents that came before the query's vector. */
  #waiting: JobEvent[] = [];
  #isStarted = false;

  /** Whether its last event was given. */
  isDone = false;

  /** Takes an event of the query's job; gives those of the ranking. */
  ofQuery(event: JobEvent): readonly JobEvent[] {
    if (event.kind === "started") return this.#start();
    if (event.kind === "failed") return this.#fail(event);
    if (event.kind !== "item") return [];
    this.#query = event;
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting.flatMap((each) => this.ofDocuments(each));
  }

  /** Takes an event of the documents' job; gives those of the ranking. */
  ofDocuments(event: JobEvent): readonly JobEvent[] {
    if (event.kind === "started") return this.#start();
    if (event.kind === "failed") return this.#fail(event);
    const query = this.#query;
    if (query === undefined) {
      this.#waiting.push(event);
      return [];
    }
    if (event.kind === "item") return [scored(event, query)];
    if (event.kind !== "finish") return [];
    this.isDone = true;
    const tokens = query.error === undefined ? query.tokenCount : 0;
    return [{ ...event, ...withTokens(event, tokens) }];
  }

  #start(): readonly JobEvent[] {
    if (this.#isStarted) return [];
    this.#isStarted = true;
    return [{ kind: "started" }];
  }

  #fail(event: JobEvent): readonly JobEvent[] {
    if (this.isDone) return [];
    this.isDone = true;
    return [event];
  }
}

type ItemEvent = Extract<JobEvent, { readonly kind: "item" }>;

function scored(event: ItemEvent, query: Item): ItemEvent {
  const { kind, index } = event;
  const facts = {
    kind,
    index,
    tokenCount: event.tokenCount + query.tokenCount,
    truncated: event.truncated || query.truncated,
  };
  const error = event.error ?? query.error;
  if (error !== undefined) return { ...facts, error };
  if (event.value?.kind !== "vector" || query.value?.kind !== "vector") {
    throw new Error("bug: a text to rank has no vector");
  }
  return {
    ...facts,
    value: { kind: "score", score: cosine(query.value.values, event.value.values) },
  };
}

function withTokens({ usage }: JobResult, more: number): Pick<JobResult, "usage"> {
  return { usage: { ...usage, promptTokens: usage.promptTokens + more } };
}
