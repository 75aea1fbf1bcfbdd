/** llama.cpp's own programs, run on the very libllama that inferd runs on. */
import { execFile } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findLibrary } from "../../src/engines/llama/location.ts";
import { llamaPackageVersion } from "../lib/machine.ts";
import { runScript } from "../lib/model.ts";
import { cacheFolder } from "../lib/paths.ts";

const execute = promisify(execFile);

export interface Programs {
  readonly folder: string;
  /** How to start them. */
  readonly setting: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string | undefined>>;
  };
}

/** inferd's default, too. */
export const threads = availableParallelism();

/**
 * The programs on the prebuilt libllama, the npm package's; they are built where they are missing.
 *
 * They ask for the library by other file names than the package's, of the same release: links by those
 * names, first on the library path, lead to the package. Its CPU variants are found in the working folder.
 */
export function programsOnPrebuilt(): Programs {
  const { directory, llama, ggml, ggmlBase } = findLibrary(undefined);
  const links = join(cacheFolder, `prebuilt-${llamaPackageVersion()}`);
  rmSync(links, { recursive: true, force: true });
  mkdirSync(links, { recursive: true });
  symlinkSync(llama, join(links, "libllama.so.0"));
  symlinkSync(ggml, join(links, "libggml.so.0"));
  symlinkSync(ggmlBase, join(links, "libggml-base.so.0"));
  const env = { ...process.env, LD_LIBRARY_PATH: links };
  return { folder: runScript("build-llama"), setting: { cwd: directory, env } };
}

/** The programs on the library that they were built with, for exactly this machine's CPU. */
export function programsAsBuilt(): Programs {
  const folder = runScript("build-llama");
  return { folder, setting: { cwd: folder, env: process.env } };
}

export interface BatchedBench {
  readonly model: string;
  readonly promptTokens: number;
  readonly newTokens: number;
  readonly streams: number;
  readonly repeats: number;
}

/** Output tokens a second, prompts included, of each repeat of `llama-batched-bench`. */
export async function batchedBench(
  { folder, setting }: Programs,
  { model, promptTokens, newTokens, streams, repeats }: BatchedBench,
): Promise<readonly number[]> {
  const cells = streams * (promptTokens + newTokens);
  const { stdout } = await execute(
    join(folder, "llama-batched-bench"),
    [
      ...["--model", model, "--ctx-size", String(Math.ceil(cells / 256) * 256)],
      ...["--threads", String(threads), "--threads-batch", String(threads)],
      ...["-npp", String(promptTokens), "-ntg", String(newTokens)],
      ...["-npl", Array.from({ length: repeats }, () => streams).join(",")],
      ...["--output-format", "jsonl"],
    ],
    setting,
  );
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  // `t` is its own time in seconds for prompts and new tokens together.
  const runs = lines.map((line) => JSON.parse(line) as { readonly t: number });
  if (runs.length !== repeats) throw new Error("llama-batched-bench did not measure");
  return runs.map(({ t }) => (streams * newTokens) / t);
}

/** What the programs say they are. */
export async function programsVersion({ folder, setting }: Programs): Promise<string> {
  const { stdout, stderr } = await execute(join(folder, "llama-server"), ["--version"], setting);
  return /version: (.+)/.exec(`${stdout}${stderr}`)?.[1] ?? "unknown";
}
