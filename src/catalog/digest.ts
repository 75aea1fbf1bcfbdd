/**
 * Digests of a model's files. A digest is kept as long as the file's stamp is the same: device, inode, size and times.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, relative } from "node:path";
import { stampOf } from "../base/stamp.ts";
import { withFile } from "../engines/bytes.ts";
import type { ManifestFile } from "./manifest.ts";

/** Larger weights are read only if their manifest states a digest to compare. */
const maxUnstatedBytes = 1024 ** 3;

/** Hashes a file in small parts, so that calls are served meanwhile. Returns 64 lower-case hexadecimal digits. */
export async function sha256Of(
  path: string,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<string> {
  const hash = createHash("sha256");
  // A stream without an encoding yields buffers.
  const parts: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 256 * 1024 });
  for await (const part of parts) {
    hash.update(part);
    onBytes(part.length);
  }
  return hash.digest("hex");
}

/** Throws a plain Error if the path cannot be opened or is not a file. */
export function assertFile(path: string): void {
  withFile(path, () => undefined);
}

/**
 * The digest of weights in several files: the SHA-256 of the output of `sha256sum` for them, sorted by name. For one
 * file, its own digest.
 */
export function digestOfAll(
  files: readonly { readonly name: string; readonly sha256: string }[],
): string {
  const [first, second] = files;
  if (first !== undefined && second === undefined) return first.sha256;
  const sorted = files.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const lines = sorted.map(({ name, sha256 }) => `${sha256}  ${name}\n`);
  return createHash("sha256").update(lines.join("")).digest("hex");
}

interface Hashed {
  readonly stamp: string;
  readonly sha256: Promise<string>;
}

/** Owns the digests of one model's files as of the last read. */
export class Digests {
  readonly #hashed = new Map<string, Hashed>();

  /** The digest of the file that is there now. Fails with a plain Error if it cannot be read. */
  of(path: string): Promise<string> {
    const stamp = stampOf(path);
    const known = this.#hashed.get(path);
    if (known?.stamp === stamp) return known.sha256;
    const sha256 = this.#read(path);
    // Callers that await the digest receive the error.
    sha256.catch(() => this.#hashed.delete(path));
    this.#hashed.set(path, { stamp, sha256 });
    return sha256;
  }

  async #read(path: string): Promise<string> {
    assertFile(path);
    return sha256Of(path);
  }

  /** Fails with a plain Error if a file differs from its manifest's digest. */
  async check({ path, sha256 }: ManifestFile): Promise<void> {
    assertFile(path);
    if (sha256 === undefined || (await this.of(path)) === sha256) return;
    throw new Error(
      `${basename(path)} has another sha256 than the manifest states: it is damaged, or another version; fetch it again`,
    );
  }

  /**
   * Digest of the weights: `sha256:` and hexadecimal digits. Empty without weights, or if files without a stated digest
   * are too large to be read only for this.
   */
  async ofWeights(paths: readonly string[], stated: readonly ManifestFile[]): Promise<string> {
    const [first] = paths;
    if (first === undefined) return "";
    const known = new Map(stated.map(({ path, sha256 }) => [path, sha256]));
    const sizes = await Promise.all(
      paths.map(async (path) => (known.get(path) === undefined ? (await stat(path)).size : 0)),
    );
    if (sizes.reduce((sum, size) => sum + size, 0) > maxUnstatedBytes) return "";
    const folder = dirname(first);
    const files = paths.map(async (path) => ({
      name: relative(folder, path),
      sha256: known.get(path) ?? (await this.of(path)),
    }));
    return `sha256:${digestOfAll(await Promise.all(files))}`;
  }
}
