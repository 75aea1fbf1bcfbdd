/**
 * What a server and a worker say to each other, as two unions. Sent with `serialization: "advanced"`,
 * so typed arrays and maps cross as they are. A worker sends one `step` message for all that a step
 * gave to all its jobs: measured, that is five to eight times cheaper than a message a token.
 */
import type { ErrorData } from "../base/errors.ts";
import type { Priority } from "../base/priority.ts";
import type {
  Job,
  JobEvent,
  KvMemory,
  ModelInfo,
  ModelSource,
  PrefixMemory,
} from "../engines/engine.ts";

export type VectorEncoding = "float32" | "float16" | "int8";

/** How vectors leave the worker. */
export interface VectorShape {
  readonly normalize: boolean;
  /** Leading dimensions to keep; undefined keeps all. */
  readonly dimensions: number | undefined;
  readonly encoding: VectorEncoding;
}

/** One text's vector as a response carries it. */
export interface EncodedVector {
  readonly index: number;
  /** Set for float32, else empty. */
  readonly values: Float32Array;
  /** Set for float16 and int8, else empty. */
  readonly packed: Uint8Array;
  /** For int8: what to multiply by. */
  readonly scale: number;
  readonly tokenCount: number;
  readonly truncated: boolean;
  readonly error?: ErrorData;
}

/** A job's event as it crosses to the server: vectors are encoded, all else is the engine's. */
export type WorkerEvent =
  | Exclude<JobEvent, { readonly kind: "vector" }>
  | { readonly kind: "vectors"; readonly vectors: readonly EncodedVector[] };

/** What the server sends to a worker. A job's id is unique for one worker. */
export type ToWorker =
  | { readonly kind: "load"; readonly engine: string; readonly source: ModelSource }
  | {
      readonly kind: "job";
      readonly id: number;
      readonly job: Job;
      readonly shape: VectorShape;
      /** Of the call that the job is of. */
      readonly requestId: string;
      readonly priority: Priority;
      /** Pieces or vectors that may be sent before more credit comes. */
      readonly credit: number;
    }
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "credit"; readonly id: number; readonly credit: number }
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
  /** Confirms cancellations, before the next step: the engine holds nothing for these jobs. */
  | ({ readonly kind: "freed"; readonly ids: readonly number[] } & EngineReport)
  | {
      readonly kind: "log";
      /** Of the call whose job the line is about. */
      readonly requestId?: string;
      readonly level: "debug" | "info" | "warn" | "error";
      readonly message: string;
    };
