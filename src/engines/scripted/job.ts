import { createHash } from "node:crypto";
import type { ErrorData, Reason } from "../../base/errors.ts";
import type { CompletionJob, ItemsJob, ItemValue, Job, JobEvent, JobResult } from "../engine.ts";
import type { ScriptedPrefixes } from "./prefixes.ts";
import { parseScript } from "./script.ts";
import type { Disaster, Instruction } from "./script.ts";
import { StopFilter } from "../stops.ts";
import { textItemsOf } from "../text-input.ts";

type Operation = Instruction | { readonly kind: "vector"; readonly text: string };

export interface ScriptedJobOptions {
  readonly dimensions: number;
  /** How many labels it knows. */
  readonly labels: number;
  /** Vectors a step. */
  readonly batch: number;
  readonly prefixes: Pick<ScriptedPrefixes, "read">;
  now(): number;
}

/** What the engine offers a job's step. */
export interface Stage {
  /** Gates that were opened; they stay open. */
  readonly gates: Set<string>;
  readonly disaster: (how: Disaster, code: number) => never;
  /** Jobs in this step. */
  readonly together: number;
}

/** One job's way through its script. */
export class ScriptedJob {
  readonly promptTokens: number;
  readonly #job: Job;
  readonly #options: ScriptedJobOptions;
  readonly #operations: Operation[];
  readonly #filter: StopFilter;
  readonly #addedAt: number;
  #cachedTokens = 0;
  #startedAt = 0;
  #firstAt = 0;
  #said = 0;
  #saidNow = 0;
  #vectors = 0;
  #steps = 0;
  #neighbours = 0;
  #isOver = false;
  #isLying = false;

  constructor(job: Job, options: ScriptedJobOptions) {
    this.#job = job;
    this.#options = options;
    this.#addedAt = options.now();
    this.#filter = new StopFilter(job.kind === "completion" ? job.stop : []);
    this.#operations =
      job.kind === "completion" ? [...parseScript(scriptOf(job))] : operations(job);
    const texts = job.kind === "completion" ? [scriptOf(job)] : textItemsOf(job.items);
    this.promptTokens = texts.reduce((sum, text) => sum + countWords(text), 0);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isLying(): boolean {
    return this.#isLying;
  }

  /** Whether a step would do anything: not while it waits at a closed gate. */
  canRun(gates: ReadonlySet<string>): boolean {
    const next = this.#operations[0];
    return next?.kind !== "wait" || this.#steps === 0 || gates.has(next.gate);
  }

  /** Runs until it has a piece, or a batch of vectors, or waits, or is over. */
  step(stage: Stage): readonly JobEvent[] {
    const given: JobEvent[] = [];
    if (this.#steps++ === 0) {
      this.#startedAt = this.#options.now();
      this.#cachedTokens = readPrompt(this.#job, this.#options.prefixes);
      given.push({ kind: "started" });
    }
    this.#neighbours += stage.together;
    this.#isLying = false;
    const before = this.#vectors;
    while (!this.#isOver) {
      const next = this.#operations[0];
      if (next === undefined) {
        given.push(...this.#finish("stop"));
        break;
      }
      if (next.kind === "wait" && !stage.gates.has(next.gate)) break;
      const events = this.#perform(next, stage);
      given.push(...events);
      if (events.some((event) => event.kind === "piece")) break;
      if (this.#vectors - before >= this.#options.batch) break;
    }
    return given;
  }

  #perform(next: Operation, stage: Stage): readonly JobEvent[] {
    if (next.kind === "say") return this.#say(next.text, next.times);
    this.#operations.shift();
    switch (next.kind) {
      case "wait":
        return [];
      case "open":
        stage.gates.add(next.gate);
        return [];
      case "end":
        return this.#finish(next.reason);
      case "fail":
        return this.#fail(next.reason);
      case "vector":
        return [this.#vector(next.text)];
      case "lie":
        this.#isLying = true;
        return [...this.#finish("stop"), ...this.#finish("stop")];
      case "disaster":
        return stage.disaster(next.how, next.code);
    }
  }

  #say(text: string, times: number): readonly JobEvent[] {
    if (++this.#saidNow >= times) {
      this.#operations.shift();
      this.#saidNow = 0;
    }
    if (this.#said++ === 0) this.#firstAt = this.#options.now();
    const passed = this.#filter.push(text);
    const isFull = this.#job.kind === "completion" && this.#said >= this.#job.sampling.maxTokens;
    if (passed.stop !== undefined) {
      return [...this.#piece(passed.text), ...this.#finish("stop_sequence", passed.stop)];
    }
    return [...this.#piece(passed.text), ...(isFull ? this.#finish("length") : [])];
  }

  #piece(text: string): readonly JobEvent[] {
    if (text === "") return [];
    if (this.#job.kind === "items" || !this.#job.returnTokenIds) return [{ kind: "piece", text }];
    return [{ kind: "piece", text, tokenIds: Uint32Array.of(this.#said) }];
  }

  #vector(text: string): JobEvent {
    const index = this.#vectors++;
    const failing = parseScript(text).find((instruction) => instruction.kind === "fail");
    const facts = { index, tokenCount: countWords(text), truncated: false };
    if (failing !== undefined) return { kind: "item", ...facts, error: errorData(failing.reason) };
    return { kind: "item", ...facts, value: this.#value(text) };
  }

  #value(text: string): ItemValue {
    const task = this.#job.kind === "items" ? this.#job.task : "embed";
    const { dimensions, labels } = this.#options;
    switch (task) {
      case "embed":
        return { kind: "vector", values: hashVector(text, dimensions) };
      case "rerank":
        return { kind: "score", score: hashVector(text, 1)[0] ?? 0 };
      case "classify":
        return { kind: "labels", scores: hashVector(text, labels) };
    }
  }

  #fail(reason: string): readonly JobEvent[] {
    this.#isOver = true;
    return [{ kind: "failed", error: errorData(reason) }];
  }

  #finish(reason: JobResult["reason"], stopSequence = ""): readonly JobEvent[] {
    this.#isOver = true;
    const held = reason === "stop_sequence" ? "" : this.#filter.flush();
    return [...this.#piece(held), { kind: "finish", ...this.#result(reason, stopSequence) }];
  }

  #result(reason: JobResult["reason"], stopSequence: string): JobResult {
    const now = this.#options.now();
    const hasText = this.#said > 0;
    const read = hasText ? this.#firstAt : now;
    return {
      reason,
      stopSequence,
      usage: {
        promptTokens: this.promptTokens,
        cachedPromptTokens: this.#cachedTokens,
        completionTokens: this.#said,
      },
      timings: {
        queueMs: this.#startedAt - this.#addedAt,
        prefillMs: read - this.#startedAt,
        firstTokenMs: hasText ? this.#firstAt - this.#addedAt : 0,
        decodeMs: hasText ? now - this.#firstAt : 0,
        totalMs: now - this.#addedAt,
        meanBatchSize: this.#neighbours / Math.max(1, this.#steps),
      },
    };
  }
}

/** How many of its tokens need no reading. */
function readPrompt(job: Job, prefixes: Pick<ScriptedPrefixes, "read">): number {
  return job.kind === "completion" ? prefixes.read(job.cacheScope, scriptOf(job)) : 0;
}

function scriptOf({ input }: CompletionJob): string {
  switch (input.kind) {
    case "prompt":
      return input.text;
    case "chat":
      return input.messages.at(-1)?.content ?? "";
    case "token_ids":
      return input.ids.join(" ");
  }
}

/** What a text does beside having a vector comes before it. */
function operations(job: ItemsJob): Operation[] {
  return textItemsOf(job.items).flatMap((text) => [
    ...parseScript(text).filter(({ kind }) => kind !== "say" && kind !== "fail" && kind !== "end"),
    { kind: "vector", text } as const,
  ]);
}

const countWords = (text: string): number => text.match(/\S+/g)?.length ?? 0;

/** Numbers from -1 to 1 that depend on the text alone. */
function hashVector(text: string, dimensions: number): Float32Array {
  const values = new Float32Array(dimensions);
  for (let index = 0; index < dimensions; index++) {
    const digest = createHash("sha256").update(`${index}:${text}`).digest();
    values[index] = digest.readInt32LE(0) / 2 ** 31;
  }
  return values;
}

function errorData(reason: string): ErrorData {
  // Any word passes: a reason outside the table is one of the ways in which an engine lies.
  return { reason: reason as Reason, message: "the script said fail" };
}
