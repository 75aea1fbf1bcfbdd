/** What a result must say so that somebody else can judge it: where, with what, from which commit. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { repository } from "./paths.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
  readonly node: string;
  /** Processes that wanted a core in the minute before; much above 0, the figures are not clean. */
  readonly loadBefore: number;
}

export function machineFacts(): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()} ${arch()}`,
    node: process.versions.node,
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

/** Exact versions of what is measured, from the packages themselves. */
export function packageVersions(): Readonly<Record<string, string>> {
  const manifest = readManifest("package.json");
  const version = (name: string): string =>
    readManifest(`node_modules/${name}/package.json`).version;
  return {
    inferd: manifest.version,
    "@grpc/grpc-js": version("@grpc/grpc-js"),
    koffi: version("koffi"),
    "onnxruntime-node": version("onnxruntime-node"),
    tokenizers: version("tokenizers"),
    "node-llama-cpp": llamaPackageVersion(),
  };
}

/** The release of node-llama-cpp whose prebuilt libllama inferd depends on. */
export function llamaPackageVersion(): string {
  const version = readManifest("package.json").optionalDependencies?.["@node-llama-cpp/linux-x64"];
  if (version === undefined) throw new Error("package.json no longer names @node-llama-cpp");
  return version;
}

/** The commit, with `+changes` where the tree holds more than it. */
export function commit(): string {
  const git = (...parameters: string[]): string =>
    execFileSync("git", parameters, { cwd: repository, encoding: "utf8" }).trim();
  const hash = git("rev-parse", "--short=12", "HEAD");
  // Results are what a benchmark changes; they must not make the next one look unclean.
  const changes = git(
    "status",
    "--porcelain",
    "--",
    ".",
    ":!bench/results",
    ":!docs/benchmarks.md",
    ":!docs/benchmarks",
  );
  return changes === "" ? hash : `${hash}+changes`;
}

interface PackageManifest {
  readonly version: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function readManifest(path: string): PackageManifest {
  // npm writes these files; a missing version would show as `undefined` in the result.
  return JSON.parse(
    readFileSync(new URL(path, `file://${repository}/`), "utf8"),
  ) as PackageManifest;
}
