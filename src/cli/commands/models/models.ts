/** `inferd models`: lists models on disk, and checks their files against their manifests. */
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { errorMessage } from "../../../base/text.ts";
import { modelFolders } from "../../../config/config.ts";
import { withFile } from "../../../engines/bytes.ts";
import { sha256Of } from "../../../catalog/digest.ts";
import type { Manifest, ManifestFile } from "../../../catalog/manifest.ts";
import { findModels } from "../../../catalog/find.ts";
import { readConfig, type SettingFlags } from "../../configuration.ts";
import { Reported } from "../../failure.ts";
import { say, table, write, writeJson } from "../../print.ts";

export type ModelsFlags = SettingFlags & { readonly json?: boolean };

export async function listModels(flags: ModelsFlags): Promise<void> {
  const models = await Promise.all((await find(flags)).map(describe));
  if (flags.json === true) return writeJson(models);
  const rows = models.map(({ name, version, task, engine, bytes, license }) => {
    return [name, version, task ?? "-", engine, megabytes(bytes), license];
  });
  await write(`${table(["NAME", "VERSION", "TASK", "ENGINE", "SIZE", "LICENSE"], rows)}\n`);
}

export async function verifyModels(flags: ModelsFlags): Promise<void> {
  const checks: Check[] = [];
  // One after the other: two would compete for the disk.
  for (const { name, files } of await find(flags)) {
    for (const [role, file] of Object.entries(files)) {
      checks.push({ name, role, ...(await verify(file)) });
    }
  }
  if (flags.json === true) await writeJson(checks);
  else {
    const rows = checks.map(({ name, role, digest, sha256 }) => [name, role, digest, sha256]);
    await write(`${table(["NAME", "FILE", "DIGEST", "SHA256"], rows)}\n`);
  }
  for (const { name, trouble } of checks) if (trouble !== "") say(`inferd: ${name}: ${trouble}`);
  const bad = checks.filter(({ digest }) => digest === "bad");
  for (const { name, role } of bad.filter(({ trouble }) => trouble === ""))
    say(`inferd: ${name}: ${role} differs from its manifest's sha256`);
  if (bad.length > 0) throw new Reported();
}

interface Check {
  readonly name: string;
  readonly role: string;
  /** `unstated`: the manifest has no digest to compare. */
  readonly digest: "ok" | "bad" | "unstated";
  /** Digest of the file on disk. Empty if it cannot be read. */
  readonly sha256: string;
  /** Why the file cannot be read. */
  readonly trouble: string;
}

async function find(flags: ModelsFlags): Promise<readonly Manifest[]> {
  const config = await readConfig(flags);
  return findModels({ directories: modelFolders(config), paths: config.model });
}

async function describe(manifest: Manifest) {
  const { name, version, task, engine, license, files } = manifest;
  const sizes = await Promise.all(Object.values(files).map(async ({ path }) => sizeOf(path)));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  // A custom engine is a path. Its tasks are not known before it is loaded.
  return { name, version, task: task ?? null, engine: basename(engine), license, bytes };
}

/** Zero for a missing file: `models verify` and the server report it. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

async function verify(file: ManifestFile): Promise<Omit<Check, "name" | "role">> {
  try {
    withFile(file.path, () => undefined);
  } catch (thrown) {
    return { digest: "bad", sha256: "", trouble: errorMessage(thrown) };
  }
  const sha256 = await sha256Of(file.path);
  if (file.sha256 === undefined) return { digest: "unstated", sha256, trouble: "" };
  return { digest: file.sha256 === sha256 ? "ok" : "bad", sha256, trouble: "" };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
