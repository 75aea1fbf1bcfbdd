/**
 * Holds what workers load against what a manifest states and what the model's other workers serve, each time that one
 * loads. Files of which a digest is stated are read before a worker is started, other weights beside its loading.
 */
import { stampOf } from "../base/stamp.ts";
import type { ModelInfo } from "../engines/engine.ts";
import type { CheckFiles } from "../workers/files.ts";
import { assertFile, type Digests } from "../catalog/digest.ts";
import { assertEngine } from "../catalog/engine-file.ts";
import type { Manifest } from "../catalog/manifest.ts";

export interface LoadedFilesOptions {
  readonly manifest: Manifest;
  readonly digests: Pick<Digests, "check" | "of" | "ofWeights">;
  /** Whether another worker of the model serves now. */
  readonly serves: () => boolean;
}

/** What lies at each path. */
type Stamps = ReadonlyMap<string, string>;

/** Which weights a worker has loaded. */
interface Weights {
  /** `sha256:` and hexadecimal digits; empty where they were not read for that. */
  readonly digest: string;
  readonly stamp: string;
}

/** Owns what is known of the weights that a model's workers have loaded. */
export class LoadedFiles {
  readonly #options: LoadedFilesOptions;
  #loaded: Weights | undefined;

  constructor(options: LoadedFilesOptions) {
    this.#options = options;
  }

  /** Of the weights that were loaded last; empty where none were, or they have none. */
  get digest(): string {
    return this.#loaded?.digest ?? "";
  }

  readonly check: CheckFiles = async () => {
    const { manifest, digests } = this.#options;
    const files = Object.values(manifest.files);
    assertEngine(manifest);
    for (const { path } of files) assertFile(path);
    const before = stampsOf(files.map(({ path }) => path));
    // First: native code sees no file that differs from what is stated.
    await Promise.all(files.map((file) => digests.check(file)));
    const model = manifest.files["model"]?.path;
    // Beside the loading; whoever wants it later hears how it ended.
    if (model !== undefined) digests.ofWeights([model], files).catch(() => undefined);
    return async (info) => {
      const loaded = await this.#weightsOf(info, model);
      const now = [
        ...before,
        ...(info.weights ?? []).map(({ path, stamp }) => [path, stamp] as const),
      ];
      const changed = now.some(([path, stamp]) => stampOf(path) !== stamp);
      if (changed)
        throw new Error(
          "a file of the model was changed while it was loaded; send SIGHUP when it is whole",
        );
      this.#accept(loaded);
    };
  };

  async #weightsOf({ weights = [] }: ModelInfo, model: string | undefined): Promise<Weights> {
    const { manifest, digests } = this.#options;
    const own = weights.map(({ path }) => path);
    const paths = own.length > 0 ? own : model === undefined ? [] : [model];
    const digest = await digests.ofWeights(paths, Object.values(manifest.files));
    return { digest, stamp: paths.map(stampOf).join(" ") };
  }

  #accept(weights: Weights): void {
    const loaded = this.#loaded;
    if (loaded !== undefined && this.#options.serves()) {
      const isSame =
        weights.digest === "" || loaded.digest === ""
          ? weights.stamp === loaded.stamp
          : weights.digest === loaded.digest;
      if (!isSame)
        throw new Error(
          "the model's file is not the one that its other workers serve; send SIGHUP to replace them all",
        );
    }
    this.#loaded = weights;
  }
}

function stampsOf(paths: readonly string[]): Stamps {
  return new Map(paths.map((path) => [path, stampOf(path)]));
}
