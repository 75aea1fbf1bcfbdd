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
import type { Job, JobContext, StepEvent } from "./jobs.ts";
import type { ModelInfo } from "./model-info.ts";
import type { Answer, Question } from "./questions.ts";

/** What an engine throws where a caller is to hear why; of any other error the log alone does. */
export { ServeError } from "../base/errors.ts";

export type { ErrorData, FieldReason, Reason } from "../base/errors.ts";

export type * from "./jobs.ts";
export type * from "./model-info.ts";
export type * from "./questions.ts";
export { StopFilter } from "./stops.ts";
export type { Task } from "./tasks.ts";

/** Loads a model. The promise fails with a plain Error whose message says what is wrong with the model. */
export type LoadEngine = (source: ModelSource, host: EngineHost) => Promise<Engine>;

/** A model that a worker has loaded. Every method but `wake` is called between steps, never during one. */
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
   * Takes a job under an id of its own. Throws a ServeError for one that it can never serve. Nothing else is heard
   * meanwhile; a step is asked for between jobs that take long.
   */
  add(id: number, job: Job, context: JobContext): void;

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

  /**
   * Something has come that the engine is told once the step under way has ended: a step that only waits for others
   * should end now. The one method that is called during a step. May be left out.
   */
  wake?(): void;

  /**
   * Answers a question. May be left out, and gives undefined for a kind that it does not know. What is computed before
   * it returns holds up steps; a promise does not, and may resolve during one. The engine bounds the work, and throws
   * a ServeError for what is too much.
   */
  answer?(question: Question): Answer | undefined | Promise<Answer | undefined>;

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
  /** How the model writes reasoning and tool calls, in place of what its chat template says; left out to find it there. */
  readonly chatFormat?: string;
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
  /** Writes a line of the server's log. `requestId`: of the call that it is about. */
  log(level: "debug" | "info" | "warn" | "error", message: string, requestId?: string): void;
  /** A monotonic clock, in milliseconds. */
  now(): number;
  /** How many milliseconds a step may take: the server then ends the worker. */
  readonly maxStepMs: number;
}
