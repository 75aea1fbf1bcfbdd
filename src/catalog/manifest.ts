/** A model's manifest, checked: the contents of `model.yaml`. `readManifest` (manifest-file.ts) creates it. */
import type { Sampling, Task } from "../engines/engine.ts";
import type { Interpreter } from "./interpreter.ts";

/** One file of a model. */
export interface ManifestFile {
  /** Absolute. */
  readonly path: string;
  /** 64 lower-case hexadecimal digits. Undefined if the manifest states none. */
  readonly sha256: string | undefined;
}

/** Sampling defaults of the manifest. */
export type SamplingDefaults = Partial<Omit<Sampling, "logitBias" | "seed">> & {
  readonly seed?: number;
  readonly stop?: readonly string[];
};

export interface Manifest {
  readonly name: string;
  readonly version: string;
  /** The task of calls that name no model. Undefined for all tasks that the model has once it is loaded. */
  readonly task: Task | undefined;
  /** `llama`, `onnx`, or the absolute path of a custom engine: a module, a Python file or another program. */
  readonly engine: string;
  /** What runs a Python file; undefined for other engines. */
  readonly python: Interpreter | undefined;
  /** By role. The role `model` is the weights, whose digest is the model's. */
  readonly files: Readonly<Record<string, ManifestFile>>;
  /** Identifies these files and a custom engine as they were found, so that a replaced file is noticed. */
  readonly stamp: string;
  readonly license: string;
  readonly description: string;
  readonly sampling: SamplingDefaults;
  /** A Jinja template that replaces the model's own. */
  readonly chatTemplate: string | undefined;
  /** How it writes reasoning and tool calls; undefined to find it from the template. */
  readonly chatFormat: string | undefined;
  readonly limits: {
    readonly contextLength: number | undefined;
    readonly maxSequences: number | undefined;
    readonly maxQueuedJobs: number | undefined;
    readonly maxQueuedTokens: number | undefined;
    readonly maxTokens: number | undefined;
  };
  /** Worker processes. */
  readonly replicas: number;
  /** Threads that a worker may use while no other is busy. Undefined means all cores. */
  readonly threads: number | undefined;
  /** Engine-specific settings, which the engine checks. */
  readonly options: Readonly<Record<string, unknown>>;
}
