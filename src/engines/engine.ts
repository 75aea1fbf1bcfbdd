/**
 * What an engine is: the public extension point.
 *
 * A model's manifest names an engine: `llama`, `onnx`, or the path of a module that exports `load`.
 * The worker process of the model imports it, calls `load` once, and then drives the engine from one
 * thread: it hands over jobs, and asks for one bounded step at a time while `busy`. Between steps it
 * reads what the server sends: new jobs, cancellations, credit. So a step decides how soon anything
 * else is heard: keep it as short as pays. The llama engine aims at 0.4 s while it only reads prompts, whose tokens
 * cost less many at once, and at less while callers read streams.
 *
 * A module that just has a function to serve needs none of this: see `functions/`.
 */
import type { ErrorData } from "../base/errors.ts";
import type { Task } from "./tasks.ts";

/** What an engine throws where a caller is to hear why; of any other error the log alone does. */
export { ServeError } from "../base/errors.ts";

export type { ErrorData, FieldReason, Reason } from "../base/errors.ts";
export type { Task } from "./tasks.ts";

/** Loads a model. The promise fails with a plain Error whose message says what is wrong with the model. */
export type LoadEngine = (source: ModelSource, host: EngineHost) => Promise<Engine>;

/** A model that a worker has loaded. Every method is called between steps, never during one. */
export interface Engine {
  readonly info: ModelInfo;

  /** Whether a step would do anything: false with no jobs, or with paused ones only. */
  readonly busy: boolean;

  /** For metrics: how many sequences or texts the last step computed. May be left out. */
  readonly stepJobs?: number;
  /** For metrics: its KV memory as it stands. Left out by an engine that has none. */
  readonly memory?: KvMemory;
  /** For metrics: what it remembers of prompts beyond its KV memory, as it stands. Left out by an engine that keeps none. */
  readonly prefixes?: PrefixMemory;

  /**
   * Takes a job. Throws a ServeError for one that it can never serve. `id` is unused so far. Nothing else is
   * heard meanwhile; a step is asked for between jobs that take long.
   */
  add(id: number, job: Job): void;

  /** Forgets a job and frees what it held; sends nothing for it any more. Ignores an unknown id. */
  cancel(id: number): void;

  /** Computes nothing for a job until `resume`: its caller does not read, or others go first. The job keeps its place. */
  pause(id: number): void;
  resume(id: number): void;

  /**
   * Computes one bounded step and returns what it gave, in order for each job. A job that cannot go on gets a `failed`
   * event, and the others go on. Where the step throws, all jobs that are not paused are cancelled; those that have given
   * nothing are added again, one at a time, so that the one to blame fails alone. A step that throws sixteen times in a
   * row without giving anything ends the worker.
   */
  step(): readonly StepEvent[] | Promise<readonly StepEvent[]>;

  /** Sets how many threads the next steps may use, at least 1: the engine's share of the cores. */
  setThreads(threads: number): void;

  close(): void | Promise<void>;
}

/** How full a KV memory is, in cells of one token. */
export interface KvMemory {
  readonly cells: number;
  /** A cell that two sequences share counts for each. */
  readonly usedCells: number;
}

/**
 * Beginnings of prompts that an engine keeps outside its KV memory, and puts back when a prompt begins like one of them.
 * Totals count from when the worker was started and never fall: the server adds up those of workers that are gone.
 */
export interface PrefixMemory {
  /** What is kept now. */
  readonly bytes: number;
  /** The most that may be kept; zero where the engine is set to keep none. */
  readonly limitBytes: number;
  /** Prefixes that were written to it. */
  readonly saved: number;
  /** How often a job began with one that was put back from it. */
  readonly restored: number;
  /** Prefixes that it dropped to make room. */
  readonly evicted: number;
}

/** Where a model lies and how to load it, from its manifest. */
export interface ModelSource {
  readonly name: string;
  /** Absolute paths by role: `model`, `tokenizer` and whatever the engine knows. */
  readonly files: Readonly<Record<string, string>>;
  /** A Jinja chat template that replaces the model's own. */
  readonly chatTemplate: string | undefined;
  /** The most tokens of one sequence; undefined takes the model's own. */
  readonly contextLength: number | undefined;
  /** The most jobs that the engine holds at once; undefined lets the engine choose. */
  readonly maxSequences: number | undefined;
  /** The manifest's `options`: the engine's own business, so the engine checks them. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Threads to begin with. */
  readonly threads: number;
}

/** What the worker offers an engine. */
export interface EngineHost {
  /** Reports loading, from 0 to 1. */
  progress(fraction: number): void;
  log(level: "debug" | "info" | "warn" | "error", message: string): void;
  /** A monotonic clock, in milliseconds. */
  now(): number;
}

/** What a loaded model is. */
export interface ModelInfo {
  readonly tasks: readonly Task[];
  /** Tokens of one sequence, prompt and completion together. */
  readonly contextLength: number;
  /** Token ids run from 0 to below this. Zero where the model has no vocabulary. */
  readonly vocabularySize: number;
  /** The length of its vectors; zero for generation. */
  readonly dimensions: number;
  /** How token vectors become one, as `Model.pooling` of the contract; empty for generation. */
  readonly pooling: string;
  /** What may stand before a text; left out where there is nothing. Names are unique. */
  readonly prompts?: readonly ModelPrompt[];
  /** The name of the prompt that stands before a text whose call names none; left out where none does. */
  readonly defaultPrompt?: string;
  /** Whether vectors are scaled to length 1 where a call does not say; true where it is left out. */
  readonly normalize?: boolean;
  /** How texts share the engine's batches; left out, each vector is what its text alone gives. */
  readonly batching?: TextBatching;
  /** Whether it takes chat input. */
  readonly chat: boolean;
  /** Why it takes none though it has a chat template. Callers are told. */
  readonly chatFault?: string;
  /** Its licence by its own metadata; empty where it states none. */
  readonly license: string;
  /** How many jobs it wants at once; more wait in the server, where they can be refused and reordered. */
  readonly slots: number;
  readonly libraries: readonly { readonly name: string; readonly version: string }[];
  /**
   * The files that its weights lie in, where they are more than the one of the role `model`: its digest is then of all
   * of them. May be left out.
   */
  readonly weights?: readonly WeightsFile[];
}

/** A file of weights as it was when the engine opened it. */
export interface WeightsFile {
  /** Absolute. */
  readonly path: string;
  /** `stampOf` it (base/stamp.ts). */
  readonly stamp: string;
}

/** A text that the model was trained to read before others. */
export interface ModelPrompt {
  readonly name: string;
  readonly text: string;
}

/**
 * `together`: batches change no vector. `alone`: they would, so there are none. `mixed`: they do, and the manifest lets
 * them.
 */
export type TextBatching = "together" | "alone" | "mixed";

export type Truncation = "none" | "end" | "start";

export type Job = GenerateJob | EmbedJob;

/** Asks for one completion. Every value is resolved: the engine has no defaults of its own. */
export interface GenerateJob {
  readonly kind: "generate";
  readonly input: GenerateInput;
  readonly sampling: Sampling;
  readonly stop: readonly string[];
  readonly truncate: Truncation;
  /** The most tokens that the server lets a prompt have, whatever the model's context. */
  readonly maxPromptTokens: number;
  readonly returnTokenIds: boolean;
  /**
   * Whose prompts this one may profit from. What an engine remembers of another job's prompt may be reused where the two
   * scopes are equal, and nowhere else: no caller's times may tell what another has sent. To be compared, and never
   * shown or logged: it is made of the id of the caller whom a credential proved and of the call's `cache_salt`, and
   * empty where there is neither. The empty scope is one scope, which all such calls share. An engine that remembers nothing ignores it.
   */
  readonly cacheScope: string;
}

export type GenerateInput =
  | { readonly kind: "prompt"; readonly text: string }
  | { readonly kind: "chat"; readonly messages: readonly ChatMessage[] }
  | { readonly kind: "token_ids"; readonly ids: Uint32Array };

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** `proto/inferd/v1/types.proto` gives each field's meaning and range. */
export interface Sampling {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly typicalP: number;
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  readonly penaltyLastN: number;
  /** From 0 to 4,294,967,294: a caller's 64 bits are folded before. */
  readonly seed: number;
  readonly maxTokens: number;
  readonly minTokens: number;
  readonly logitBias: ReadonlyMap<number, number>;
  readonly ignoreEos: boolean;
}

/** Asks for the vectors of some texts: raw ones, which the worker then shortens, scales and encodes. */
export interface EmbedJob {
  readonly kind: "embed";
  readonly texts: readonly string[];
  readonly truncate: Truncation;
  /** The name of a prompt of the model; empty for none, left out for the model's default. */
  readonly promptName?: string;
}

export interface StepEvent {
  readonly id: number;
  readonly event: JobEvent;
}

/** What a job gives: `started`, then pieces or vectors, then exactly one of `finish` and `failed`. */
export type JobEvent =
  | { readonly kind: "started" }
  | { readonly kind: "piece"; readonly text: string; readonly tokenIds?: Uint32Array }
  | { readonly kind: "vector"; readonly vector: VectorItem }
  | ({ readonly kind: "finish" } & JobResult)
  | { readonly kind: "failed"; readonly error: ErrorData };

/** One text's vector, or why there is none. */
export interface VectorItem {
  /** The text's place in the job. */
  readonly index: number;
  /** As long as the model's dimensions; empty where `error` is set. */
  readonly values: Float32Array;
  /** How many it was read as. */
  readonly tokenCount: number;
  readonly truncated: boolean;
  readonly error?: ErrorData;
}

export interface JobResult {
  /** `cancelled`: the engine ended it early of its own accord. Whoever cancels a job is given no result. */
  readonly reason: "stop" | "length" | "stop_sequence" | "cancelled";
  /** The sequence that matched; empty for other reasons. */
  readonly stopSequence: string;
  readonly usage: {
    readonly promptTokens: number;
    readonly cachedPromptTokens: number;
    readonly completionTokens: number;
  };
  readonly timings: JobTimings;
}

/** Milliseconds, by the host's clock, from the moment of `add`. Zero where it does not apply. */
export interface JobTimings {
  readonly queueMs: number;
  readonly prefillMs: number;
  readonly firstTokenMs: number;
  readonly decodeMs: number;
  readonly totalMs: number;
  readonly meanBatchSize: number;
}
