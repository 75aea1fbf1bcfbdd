/** A model's manifest, checked: what `model.yaml` says. `readManifest` (manifest-file.ts) makes it. */
import type { Sampling, Task } from "../engines/engine.ts";

/** One file a model is made of. */
export interface ManifestFile {
  /** Absolute. */
  readonly path: string;
  /** 64 lower-case hexadecimal digits; undefined where the manifest states none. */
  readonly sha256: string | undefined;
}

/** Sampling defaults: whatever the manifest states. */
export type SamplingDefaults = Partial<Omit<Sampling, "logitBias" | "seed">> & {
  readonly seed?: number;
  readonly stop?: readonly string[];
};

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly task: Task;
  /** `llama`, `onnx`, or the absolute path of a user's module. */
  readonly engine: string;
  /** By role; the role `model` is the weights, whose digest is the model's. */
  readonly files: Readonly<Record<string, ManifestFile>>;
  /** Which files these, and a user's module, were when they were found: so a file that was replaced is noticed. */
  readonly stamp: string;
  readonly license: string;
  readonly description: string;
  readonly sampling: SamplingDefaults;
  /** A Jinja template that replaces the model's own. */
  readonly chatTemplate: string | undefined;
  readonly limits: {
    readonly contextLength: number | undefined;
    readonly maxSequences: number | undefined;
    readonly maxQueuedJobs: number | undefined;
    readonly maxQueuedTokens: number | undefined;
    readonly maxTokens: number | undefined;
  };
  /** Worker processes. */
  readonly replicas: number;
  /** Threads a worker may use while no other is busy; undefined takes all cores. */
  readonly threads: number | undefined;
  /** The engine's own settings, which the engine checks. */
  readonly options: Readonly<Record<string, unknown>>;
}
