/**
 * Digests of a model's files. Nothing is cached: the models that come with inferd take some 60 ms, and a
 * digest that is only remembered proves nothing.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { withFile } from "../engines/bytes.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";

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

/** Throws a plain Error where a file cannot be read, or is not the one that the manifest states. */
export async function checkFile(
  { path, sha256 }: ManifestFile,
  onBytes?: (bytes: number) => void,
): Promise<void> {
  withFile(path, () => undefined);
  if (sha256 === undefined || (await sha256Of(path, onBytes)) === sha256) return;
  throw new Error(
    `${basename(path)} has another sha256 than the manifest states: it is damaged, or another version; fetch it again`,
  );
}

/**
 * Checks all files that the manifest states digests of, and gives the weights' one as `sha256:` and
 * hexadecimal digits; empty where there are no weights, or they are too large to read for that alone.
 */
export async function digestOf({ files }: Manifest): Promise<string> {
  for (const file of Object.values(files)) await checkFile(file);
  const weights = files["model"];
  if (weights === undefined) return "";
  if (weights.sha256 !== undefined) return `sha256:${weights.sha256}`;
  const { size } = await stat(weights.path);
  return size > maxUnstatedBytes ? "" : `sha256:${await sha256Of(weights.path)}`;
}
