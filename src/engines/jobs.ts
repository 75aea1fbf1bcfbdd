/**
 * What an engine is asked, and what it gives: jobs and their events. There are two families. A completion job writes
 * one text, piece by piece. An items job computes one value for each of some texts, and its task says which kind of
 * value that is.
 */
import type { ErrorData } from "../base/errors.ts";
import type { Priority } from "../base/priority.ts";
import type { ChatInput } from "./chat-input.ts";

export type * from "./chat-input.ts";

export type Job = CompletionJob | ItemsJob;

/** What is known of the call that a job is of. The server enforces it: an engine may ignore it, or pass it on. */
export interface JobContext {
  /** When the call ends whatever has become of the job, by the host's clock; Infinity for never. */
  readonly deadlineMs: number;
  readonly priority: Priority;
  /** For an engine's own log lines, and for servers that it calls in turn. */
  readonly requestId: string;
  /** The caller's place in a trace, as W3C Trace Context writes it; left out where there is none. */
  readonly traceparent?: string;
}

export type Truncation = "none" | "end" | "start";

/** Asks for one completion. Every value is resolved: the engine has no defaults of its own. */
export interface CompletionJob {
  readonly kind: "completion";
  readonly input: CompletionInput;
  readonly sampling: Sampling;
  readonly stop: readonly string[];
  readonly truncate: Truncation;
  /** The most tokens that the server lets a prompt have, whatever the model's context. */
  readonly maxPromptTokens: number;
  readonly returnTokenIds: boolean;
  /** What the text must be; left out for any text. Only for an engine whose `GenerationInfo` says that it enforces one. */
  readonly constraint?: Constraint;
  /** Whether a text with a constraint is to be whole when its tokens are used up; false where it is left out. */
  readonly closesAtLength?: boolean;
  /**
   * Which prompts this one may reuse. What an engine remembers of another job's prompt may be reused where the two
   * scopes are equal, and nowhere else: no caller's times may tell what another has sent. To be compared, and never
   * shown or logged: it is made of the id of the caller whose credential was proved and of the call's `cache_salt`,
   * and empty where there is neither. The empty scope is one scope, which all such calls share. An engine that
   * remembers nothing ignores it.
   */
  readonly cacheScope: string;
}

/** `proto/inferd/v1/generation_service.proto` gives each kind's meaning and bounds. */
export type Constraint =
  | { readonly kind: "json_object" }
  | { readonly kind: "json_schema"; readonly schema: string }
  | { readonly kind: "regex"; readonly pattern: string }
  | { readonly kind: "grammar"; readonly syntax: "gbnf" | "lark"; readonly text: string }
  | { readonly kind: "choices"; readonly texts: readonly string[] };

export type CompletionInput =
  | { readonly kind: "prompt"; readonly text: string }
  | ({ readonly kind: "chat" } & ChatInput)
  | { readonly kind: "token_ids"; readonly ids: Uint32Array };

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

/**
 * Asks for a value for each text. A task that is added is a member here, its value one of `ItemValue`, its facts one
 * of `TaskInfos` (model-info.ts), and `workers/items.ts` checks and encodes it; types lead from one to the next.
 */
export type ItemsJob = EmbedJob | RerankJob | ClassifyJob;

/** What an items job has whatever its task. */
interface ItemsJobOf<Task extends string, Input = string> {
  readonly kind: "items";
  readonly task: Task;
  readonly items: readonly Input[];
  readonly truncate: Truncation;
}

/** Asks for the vectors of some texts. Of one job, all are texts, or all are token ids. */
export interface EmbedJob extends ItemsJobOf<"embed", EmbedInput> {
  /** The name of a prompt of the model; empty for none, left out for the model's default. */
  readonly promptName?: string;
  /** Whether the vectors of a text's tokens are wanted, in place of one. Only for a model that says so. */
  readonly tokenVectors?: boolean;
  /** What the worker makes of the vectors: the engine gives them raw, and ignores it. */
  readonly output: VectorFormat;
}

/** A text, or its token ids: at least one, read as they are. Only an engine that says so is given ids. */
export type EmbedInput = string | Uint32Array;

/** Asks for the scores of documents, which are its items, for one query. */
export interface RerankJob extends ItemsJobOf<"rerank"> {
  readonly query: string;
  /** Whether the model's own numbers are wanted, without the function that its authors chose. */
  readonly rawScores: boolean;
}

/** Asks for the scores of labels. */
export interface ClassifyJob extends ItemsJobOf<"classify"> {
  /** By index, the text that is read after an item; undefined for none. Left out where no item has one. */
  readonly pairs?: readonly (string | undefined)[];
  /** Whether the model's own numbers are wanted, in place of probabilities. */
  readonly rawScores: boolean;
}

/** How vectors leave the worker. */
export interface VectorFormat {
  readonly normalize: boolean;
  /** Leading dimensions to keep; undefined keeps all. */
  readonly dimensions: number | undefined;
  /** Of a sparse vector, how many dimensions to keep; left out for all. */
  readonly maxActiveDims?: number;
  readonly encoding: "float32" | "float16" | "int8" | "binary";
}

/** What a step gave to one job. */
export interface StepEvent {
  readonly id: number;
  readonly event: JobEvent;
}

/** What a job gives: `started`, then pieces or items, then exactly one of `finish` and `failed`. */
export type JobEvent =
  | { readonly kind: "started" }
  /** The next text of a completion. */
  | { readonly kind: "piece"; readonly text: string; readonly tokenIds?: Uint32Array }
  /** The next text of what the model thinks; not empty. */
  | { readonly kind: "reasoning"; readonly text: string }
  /** The next part of a tool call. Calls are numbered from 0; `id` and `name` stand in the first piece of each. */
  | {
      readonly kind: "tool_call";
      readonly call: number;
      readonly id?: string;
      readonly name?: string;
      readonly arguments: string;
    }
  | ({ readonly kind: "item" } & Item)
  | ({ readonly kind: "finish" } & JobResult)
  | { readonly kind: "failed"; readonly error: ErrorData };

/** One text of an items job: its value, or why there is none. */
export type Item = ItemFacts & ItemResult<ItemValue>;

/** What is told of a text, whatever became of it. */
export interface ItemFacts {
  /** The text's place in the job. */
  readonly index: number;
  /** How many tokens it was read as. */
  readonly tokenCount: number;
  readonly truncated: boolean;
}

export type ItemResult<Value> =
  | { readonly value: Value; readonly error?: undefined }
  | { readonly value?: undefined; readonly error: ErrorData };

/** A value by its task. */
export type ItemValue =
  /** For `embed`: as long as the model's dimensions. */
  | { readonly kind: "vector"; readonly values: Float32Array }
  /** For `embed` of a model whose vectors are sparse: the numbers that are not zero, by dimension, ascending. */
  | { readonly kind: "sparse"; readonly indices: Uint32Array; readonly values: Float32Array }
  /** For `embed` with `tokenVectors`: a vector for each token, one after the other. */
  | { readonly kind: "tokens"; readonly dimensions: number; readonly values: Float32Array }
  /** For `rerank`: higher is better. */
  | { readonly kind: "score"; readonly score: number }
  /** For `classify`: one for each of the model's labels. */
  | { readonly kind: "labels"; readonly scores: Float32Array };

export interface JobResult {
  /** `cancelled`: the engine ended it early of its own accord. A job that its caller cancels has no result. */
  readonly reason: "stop" | "length" | "stop_sequence" | "tool_calls" | "cancelled";
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
