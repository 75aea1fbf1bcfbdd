/**
 * Removes from node_modules what only other systems can load: packages bring native libraries for all of them.
 * Says which packages came without a digest of the lock. `tools/setup` runs it; it needs no package itself.
 */
import { readdirSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

export interface Platform {
  /** As Node names them. */
  readonly os: string;
  readonly cpu: string;
  /** On Linux: `gnu` or `musl`. */
  readonly libc: string | undefined;
}

/** Paths of files and folders that the platform cannot load, of those given from node_modules on. */
export function foreignOf(
  paths: readonly string[],
  { os, cpu, libc }: Platform,
): readonly string[] {
  const llama = `${os === "darwin" ? "mac" : os.replace("win32", "win")}-${cpu}`;
  // The loader for macOS looks for the universal one first.
  const abi = { linux: `${cpu}-${libc}`, win32: `${cpu}-msvc` }[os] ?? cpu;
  const tokenizers = [`${os}-${abi}`, `${os}-universal`];
  return paths.filter((path) => {
    const [, onnxOs, onnxCpu] = /^onnxruntime-node\/bin\/[^/]+\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
    if (onnxOs !== undefined) return onnxOs !== os || onnxCpu !== cpu;
    const [, binding] = /^tokenizers\/tokenizers\.(.+)\.node$/.exec(path) ?? [];
    if (binding !== undefined) return !tokenizers.includes(binding);
    const [, build] = /^@node-llama-cpp\/([^/]+)$/.exec(path) ?? [];
    return build !== undefined && build !== llama && !build.startsWith(`${llama}-`);
  });
}

export interface Lock {
  readonly packages: Readonly<Record<string, { readonly integrity?: string } | undefined>>;
}

/** Of the packages that are there, those whose content no digest of the lock was held against. */
export function withoutDigest(names: readonly string[], { packages }: Lock): readonly string[] {
  return names.filter((name) => packages[`node_modules/${name}`]?.integrity === undefined);
}

function list(folder: string, depth: number): readonly string[] {
  const names = statSync(folder, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(folder)
    : [];
  if (depth === 1) return names;
  return names.flatMap((name) =>
    list(join(folder, name), depth - 1).map((rest) => `${name}/${rest}`),
  );
}

function bytesOf(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
}

function libcHere(): string | undefined {
  if (process.platform !== "linux") return undefined;
  // Node's report names glibc where it is there.
  const report: unknown = process.report.getReport();
  return JSON.stringify(report).includes('"glibcVersionRuntime"') ? "gnu" : "musl";
}

function main(root: string): void {
  const modules = join(root, "node_modules");
  const within = (folder: string, depth: number): readonly string[] =>
    list(join(modules, folder), depth).map((path) => `${folder}/${path}`);
  const builds = within("@node-llama-cpp", 1);
  const paths = [...within("onnxruntime-node/bin", 3), ...within("tokenizers", 1), ...builds];
  const here = { os: process.platform, cpu: process.arch, libc: libcHere() };
  const foreign = foreignOf(paths, here);
  const bytes = foreign.reduce((sum, path) => sum + bytesOf(join(modules, path)), 0);
  for (const path of foreign) rmSync(join(modules, path), { recursive: true });
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  if (bytes > 0) say(`Removed ${Math.round(bytes / 1e6)} MB of native libraries for other systems`);
  // The lock's own form is npm's.
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lock;
  const ours = builds.filter((path) => !foreign.includes(path));
  for (const name of withoutDigest(ours, lock)) {
    say(`Careful: package-lock.json has no digest of ${name}; it was taken by its version alone`);
  }
}

// Setup may run from a folder that is a link.
if (realpathSync(process.argv[1] ?? ".") === import.meta.filename)
  main(join(import.meta.dirname, ".."));
