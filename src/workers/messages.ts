/**
 * What a server and a worker say to each other, as two unions. Sent with `serialization: "advanced"`,
 * so typed arrays and maps cross as they are. A worker sends one `step` message for all that a step
 * gave to all its jobs: measured, that is five to eight times cheaper than a message a token.
 */
import type { ErrorData } from "../base/errors.ts";
import type { Priority } from "../base/priority.ts";
import type {
  Answer,
  ItemFacts,
  ItemResult,
  ItemValue,
  Job,
  JobEvent,
  KvMemory,
  ModelInfo,
  ModelSource,
  PrefixMemory,
  Question,
} from "../engines/engine.ts";

/** One text of an items job as a response carries it. */
export type EncodedItem = ItemFacts & ItemResult<EncodedValue>;

/** A value of any task; one that is added has its own kinds. */
export type EncodedValue =
  | EncodedVector
  | EncodedTokens
  | Exclude<ItemValue, { readonly kind: "vector" } | { readonly kind: "tokens" }>;

/** The vectors of a text's tokens, one after the other. */
export interface EncodedTokens {
  readonly kind: "tokens";
  readonly dimensions: number;
  readonly vectors: Extract<EncodedVector, { readonly kind: "float32" | "float16" }>;
}

/** A vector in the encoding that its job asks for. */
export type EncodedVector =
  | { readonly kind: "float32"; readonly values: Float32Array }
  /** IEEE 754 half precision, little-endian. */
  | { readonly kind: "float16"; readonly bytes: Uint8Array }
  /** Signed bytes, and what to multiply them by. */
  | { readonly kind: "int8"; readonly bytes: Uint8Array; readonly scale: number }
  /** A bit for each dimension, the first the highest of its byte. */
  | { readonly kind: "binary"; readonly bytes: Uint8Array };

/** A job's event as it crosses to the server: items are encoded and come together, all else is the engine's. */
export type WorkerEvent =
  | Exclude<JobEvent, { readonly kind: "item" }>
  | { readonly kind: "items"; readonly items: readonly EncodedItem[] };

/** What the server sends to a worker. The ids of jobs are unique for one worker, and so are those of questions. */
export type ToWorker =
  | {
      readonly kind: "load";
      readonly engine: string;
      /** The interpreter of an engine that is a Python file: a path, or the name of a command. */
      readonly python?: string;
      readonly source: ModelSource;
      /** How long a step may take before the worker is ended. */
      readonly maxStepMs: number;
    }
  | {
      readonly kind: "job";
      readonly id: number;
      readonly job: Job;
      /** Of the call that the job is of. */
      readonly requestId: string;
      readonly priority: Priority;
      /** How much time its call has left: each process has a clock of its own. Infinity for any. */
      readonly leftMs: number;
      readonly traceparent?: string;
      /** Pieces or items that may be sent before more credit comes. */
      readonly credit: number;
    }
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "credit"; readonly id: number; readonly credit: number }
  | { readonly kind: "ask"; readonly id: number; readonly question: Question }
  /** No answer is wanted any more. One comes all the same, or `unanswered`: the worker is done with the question. */
  | { readonly kind: "forget"; readonly id: number }
  | { readonly kind: "threads"; readonly threads: number }
  /** Asks for a `pong` as soon as the step under way ends. */
  | { readonly kind: "ping" }
  | { readonly kind: "stop" };

/** What an engine says of itself, for metrics. */
export interface EngineReport {
  /** How many sequences or texts the step computed. */
  readonly stepJobs?: number;
  readonly memory?: KvMemory;
  readonly prefixes?: PrefixMemory;
}

/** What a worker sends back. */
export type FromWorker =
  | { readonly kind: "progress"; readonly fraction: number }
  | { readonly kind: "ready"; readonly info: ModelInfo }
  | { readonly kind: "load-failed"; readonly message: string }
  | { readonly kind: "pong" }
  | ({
      readonly kind: "step";
      readonly events: readonly { id: number; event: WorkerEvent }[];
    } & EngineReport)
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answer }
  | { readonly kind: "unanswered"; readonly id: number; readonly error: ErrorData }
  /** Confirms cancellations, before the next step: the engine holds nothing for these jobs. */
  | ({ readonly kind: "freed"; readonly ids: readonly number[] } & EngineReport)
  | {
      readonly kind: "log";
      /** Of the call whose job the line is about. */
      readonly requestId?: string;
      readonly level: "debug" | "info" | "warn" | "error";
      readonly message: string;
    };
