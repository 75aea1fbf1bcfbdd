/**
 * Digests of a model's files. A digest is kept as long as the file is the same one by its stamp: device, inode, size and times.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, relative } from "node:path";
import { stampOf } from "../base/stamp.ts";
import { withFile } from "../engines/bytes.ts";
import type { ManifestFile } from "./manifest.ts";

/** Weights larger than this are read only where their manifest states a digest to hold them against. */
const maxUnstatedBytes = 1024 ** 3;

/** Reads a file in small parts, so that it can run beside calls. In 64 lower-case hexadecimal digits. */
export async function sha256Of(
  path: string,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<string> {
  const hash = createHash("sha256");
  // A stream without an encoding gives buffers.
  const parts: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 256 * 1024 });
  for await (const part of parts) {
    hash.update(part);
    onBytes(part.length);
  }
  return hash.digest("hex");
}

/** Throws a plain Error where a file cannot be opened, or is none. */
export function assertFile(path: string): void {
  withFile(path, () => undefined);
}

/**
 * What stands for weights of several files: the SHA-256 of what `sha256sum` prints for them, sorted by name. Of one
 * file it is that file's own.
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

/** Owns the digests of one model's files as they were when they were read last. */
export class Digests {
  readonly #hashed = new Map<string, Hashed>();

  /** The digest of the file that lies there now. Fails with a plain Error where it cannot be read. */
  of(path: string): Promise<string> {
    const stamp = stampOf(path);
    const known = this.#hashed.get(path);
    if (known?.stamp === stamp) return known.sha256;
    const sha256 = this.#read(path);
    // Whoever wants it hears of it.
    sha256.catch(() => this.#hashed.delete(path));
    this.#hashed.set(path, { stamp, sha256 });
    return sha256;
  }

  async #read(path: string): Promise<string> {
    assertFile(path);
    return sha256Of(path);
  }

  /** Fails with a plain Error where a file is not the one that its manifest states. */
  async check({ path, sha256 }: ManifestFile): Promise<void> {
    assertFile(path);
    if (sha256 === undefined || (await this.of(path)) === sha256) return;
    throw new Error(
      `${basename(path)} has another sha256 than the manifest states: it is damaged, or another version; fetch it again`,
    );
  }

  /**
   * Of weights in one file or several: `sha256:` and hexadecimal digits. Empty where there are none, or more bytes than are worth reading for
   * that alone, beyond those whose digest the manifest states.
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
