/**
 * Models without a manifest: a .gguf file, an ONNX graph, a folder from Hugging Face, or a Python file. All values are
 * the model's own, or defaults.
 */
import { existsSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { stampOf } from "../base/stamp.ts";
import { ggufTask, readGgufFacts } from "../engines/gguf-purpose.ts";
import { splitPart, summarise } from "../engines/gguf.ts";
import { scoringTask } from "../engines/sequence-classifier.ts";
import type { Task } from "../engines/tasks.ts";
import type { Manifest } from "./manifest.ts";
import { ManifestError } from "./manifest-text.ts";

/** What a manifest that states only the model and its task has. */
export const manifestDefaults = {
  version: "",
  python: undefined,
  license: "",
  description: "",
  sampling: {},
  chatTemplate: undefined,
  chatFormat: undefined,
  limits: {
    contextLength: undefined,
    maxSequences: undefined,
    maxQueuedJobs: undefined,
    maxQueuedTokens: undefined,
    maxTokens: undefined,
  },
  replicas: 1,
  threads: undefined,
  options: {},
};

export const safetensorsAdvice =
  "is in safetensors, which inferd does not read: convert a model that embeds with `optimum-cli export onnx --model FOLDER --task feature-extraction OUT` (one that ranks or classifies with `--task text-classification`), one that writes with llama.cpp's `convert_hf_to_gguf.py FOLDER`, and name what comes out";

/** Paths of graphs in a folder, as exporters write them. */
const graphs = ["model.onnx", join("onnx", "model.onnx")];

/**
 * The graph of a folder that can be served without a manifest. Undefined without a graph, or without a tokenizer next
 * to it.
 */
export async function graphIn(folder: string): Promise<string | undefined> {
  const names: readonly string[] = await readdir(folder);
  if (!names.includes("tokenizer.json")) return undefined;
  return graphs.map((graph) => join(folder, graph)).find((graph) => stampOf(graph) !== "");
}

/** The folder of a graph's tokenizer and configuration. */
export function folderOf(graph: string): string {
  const own = dirname(resolve(graph));
  return basename(own) === "onnx" ? dirname(own) : own;
}

/**
 * A graph's manifest; the name is the folder's. If the engine misses a file next to the graph, only this model fails.
 */
export function bareOnnx(folder: string, graph: string): Manifest {
  const file = { path: resolve(graph), sha256: undefined };
  const own = {
    name: nameOf(repositoryOf(resolve(folder))),
    task: onnxTask(folder),
    engine: "onnx",
  } as const;
  return { ...manifestDefaults, ...own, files: { model: file }, stamp: stampOf(graph) };
}

/** A model that pools embeds, whatever it was trained as. If a file cannot be read, loading says so. */
function onnxTask(folder: string): Task {
  try {
    if (existsSync(join(folder, "1_Pooling"))) return "embed";
    return scoringTask(JSON.parse(readFileSync(join(folder, "config.json"), "utf8"))) ?? "embed";
  } catch {
    return "embed";
  }
}

/** The folder of a snapshot is named by its revision; `hf download` has the model's name three folders up. */
function repositoryOf(folder: string): string {
  return /models--(?:[^\\/]+--)?([^\\/]+)[\\/]snapshots[\\/][^\\/]+$/.exec(folder)?.[1] ?? folder;
}

/** What to do about a folder that has no manifest and cannot be served without one. */
export async function adviceFor(folder: string): Promise<string> {
  const names: readonly string[] = await readdir(folder);
  const has = (ending: string) => names.some((name) => name.endsWith(ending));
  const gguf = names.find((name) => name.endsWith(".gguf"));
  const file = gguf ?? names.find((name) => name.endsWith(".py"));
  if (file !== undefined)
    return `${folder} has no model.yaml: name the file, ${join(folder, file)}`;
  if (has(".onnx")) {
    return `${folder} has no model.yaml, and no tokenizer.json next to its graph: put the model's tokenizer.json there, or write a manifest (docs/reference/manifest.md)`;
  }
  if (has(".safetensors"))
    return `${folder} has no model.yaml, and what it holds ${safetensorsAdvice}`;
  return `${folder} has no model.yaml, such as "name: my-model", "task: generate", "engine: llama", "files: { model: model.gguf }", a line each (docs/reference/manifest.md)`;
}

/**
 * A bare file's manifest: the name is the file's, everything else comes from its metadata or is a default. A damaged
 * file, or one without a generation model, has one too: only its model fails, when it is loaded.
 */
export function bareGguf(path: string): Manifest {
  const part = splitPart.exec(basename(path, ".gguf"))?.[1];
  if (part !== undefined && part !== "00001") {
    throw new ManifestError([`${basename(path)} is a later part of a split file; name the first`]);
  }
  const file = { path: resolve(path), sha256: undefined };
  const own = { name: nameOf(path), engine: "llama", ...knownOf(path) } as const;
  return { ...manifestDefaults, ...own, files: { model: file }, stamp: stampOf(path) };
}

/** A Python file's manifest: the name is the file's, its tasks are known once it is loaded. */
export function barePython(path: string): Manifest {
  const own = { name: nameOf(path), task: undefined, engine: resolve(path), files: {} };
  return { ...manifestDefaults, ...own, stamp: stampOf(path) };
}

/** What a file says of itself. One that cannot be read generates, and fails when it is loaded. */
function knownOf(path: string): Pick<Manifest, "task" | "license"> {
  try {
    const facts = readGgufFacts(path);
    return { license: summarise(facts.header).license, task: ggufTask(facts) };
  } catch {
    return { license: "", task: "generate" };
  }
}

/** `Llama 3 (8B)-00001-of-00002.gguf` is named `Llama-3-8B`. */
export function nameOf(path: string): string {
  const bare = basename(path)
    .replace(/\.(?:gguf|py)$/, "")
    .replace(splitPart, "");
  const name = bare.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+|-+(?=\.|$)/g, "");
  return name.slice(0, 128) || "model";
}
