/** The models that figures are taken on. */
import { execFileSync } from "node:child_process";
import { existsSync, linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { cacheFolder, repository } from "./paths.ts";
import type { Context } from "./scenario.ts";
import type { Seats } from "./seats.ts";

/** Runs a script of `bench/peers` and gives its last printed line; its progress goes to the terminal. */
export function runScript(name: string, ...parameters: readonly string[]): string {
  const output = execFileSync(join(repository, "bench", "peers", name), parameters, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return output.trim().split("\n").at(-1) ?? "";
}

/**
 * A model of 0.6B shape with random weights, or a tiny one to try things out; made where it is missing,
 * from llama.cpp's Qwen2 vocabulary. Gives its path.
 */
export function randomModel({ isSmoke, say }: Context): string {
  const shape = isSmoke ? "tiny" : "0.6b";
  const path = join(cacheFolder, `random-${shape}.gguf`);
  if (existsSync(path)) return path;
  say(`making ${path}, once`);
  mkdirSync(cacheFolder, { recursive: true });
  const vocabulary = join(runScript("fetch-llama"), "models", "ggml-vocab-qwen2.gguf");
  const python = runScript("python", "random-model.txt");
  const script = join(repository, "bench", "peers", "random_model.py");
  execFileSync(python, [script, shape, vocabulary, path], { stdio: "inherit" });
  return path;
}

/** Writes a manifest beside a model's file, as an operator would who knows the load; gives its path. */
export function manifestFor(model: string, { slots, contextTokens }: Seats): string {
  const path = model.replace(/\.gguf$/, `-${slots}x${contextTokens}.yaml`);
  const limits = `limits: { context_length: ${contextTokens}, max_sequences: ${slots} }`;
  const files = `files: { model: { path: ${basename(model)} } }`;
  writeFileSync(path, `name: random\ntask: generate\nengine: llama\n${files}\n${limits}\n`);
  return path;
}

/** The same model under another name: a server takes a bare file's name from the file. */
export function linked(path: string, name: string): string {
  const other = join(dirname(path), `${name}.gguf`);
  rmSync(other, { force: true });
  linkSync(path, other);
  return other;
}
