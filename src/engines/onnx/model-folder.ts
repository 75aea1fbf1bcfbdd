/** Finds and reads the files of an ONNX model. */
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ModelSource } from "../engine.ts";
import type { EncoderFiles } from "./encoder-config.ts";
import type { NamedJson } from "./json.ts";
import { denseOf, normalizeLayer, refuseOtherNames } from "./layers.ts";
import type { Layer } from "./layers.ts";
import { modulesOf } from "./modules.ts";
import type { Module } from "./modules.ts";
import { sentenceConfigNames } from "./sentence-config.ts";

/** A file's role in a manifest, and its default path. */
const places = {
  tokenizer: "tokenizer.json",
  tokenizer_config: "tokenizer_config.json",
  config: "config.json",
  modules: "modules.json",
  pooling: "config.json",
  sentence_bert_config: "sentence_bert_config.json",
  config_sentence_transformers: "config_sentence_transformers.json",
} as const;

type Role = keyof typeof places;

export interface ModelFolder {
  readonly model: string;
  readonly files: EncoderFiles;
  /** `tokenizer.json`, parsed. */
  readonly tokenizer: unknown;
  /** Layers after pooling. A final `Normalize` is the client's choice, and not among them. */
  readonly layers: readonly Layer[];
}

export async function readFolder({ files }: ModelSource): Promise<ModelFolder> {
  const model = files["model"];
  if (model === undefined) throw new Error("the manifest states no file for the role model");
  // Hugging Face repositories keep the graph in a folder of its own.
  const own = dirname(model);
  const folder = basename(own) === "onnx" ? dirname(own) : own;
  const read = (role: Role, path: string): Promise<unknown> =>
    readJson(files[role] ?? join(folder, path, places[role]), files[role] !== undefined);

  const modules = modulesOf(await read("modules", ""));
  const pathOf = (kind: Module["kind"]) => modules?.find((module) => module.kind === kind)?.path;
  const transformer = pathOf("transformer") ?? "";
  const [tokenizer, tokenizerConfig, config, prompts, pooling, sentence] = await Promise.all([
    read("tokenizer", transformer),
    read("tokenizer_config", transformer),
    read("config", transformer),
    read("config_sentence_transformers", ""),
    readPooling(),
    readSentence(),
  ]);
  if (tokenizer === undefined) {
    const path = join(transformer, places.tokenizer);
    throw new Error(`there is no ${path} next to the model; put it there`);
  }
  const texts = { prompts, tokenizer: tokenizerConfig, model: config };
  return {
    model,
    files: { modules, pooling, sentence, ...texts },
    tokenizer,
    layers: await readLayers(folder, modules ?? []),
  };

  async function readPooling(): Promise<NamedJson | undefined> {
    // Without modules.json, the usual path.
    const path = modules === undefined ? "1_Pooling" : (pathOf("pooling") ?? pathOf("splade"));
    if (path === undefined && files["pooling"] === undefined) return undefined;
    const value = await read("pooling", path ?? "");
    const name = join(path ?? "", places.pooling);
    if (value === undefined && modules !== undefined) {
      throw new Error(`${name}, which modules.json names, is not there`);
    }
    return value === undefined ? undefined : { name, value };
  }

  async function readSentence(): Promise<NamedJson | undefined> {
    const stated = files["sentence_bert_config"];
    const names = stated === undefined ? sentenceConfigNames : [basename(stated)];
    for (const name of names) {
      const path = stated ?? join(folder, transformer, name);
      const value = await readJson(path, stated !== undefined);
      if (value !== undefined) return { name, value };
    }
    return undefined;
  }
}

async function readLayers(folder: string, modules: readonly Module[]): Promise<readonly Layer[]> {
  const layers: Layer[] = [];
  for (const [place, { kind, path }] of modules.entries()) {
    if (kind !== "dense" && kind !== "normalize") continue;
    const name = join(path, "config.json");
    const value = await readJson(join(folder, name), false);
    if (kind === "dense") {
      if (value === undefined) throw new Error(`${name}, which modules.json names, is not there`);
      layers.push(denseOf(join(folder, path), { name, value }));
    } else {
      if (path !== "") refuseOtherNames({ name, value });
      if (place < modules.length - 1) layers.push(normalizeLayer);
    }
  }
  return layers;
}

/** Undefined if there is no file and none was requested. */
async function readJson(path: string, isRequired: boolean): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (thrown) {
    if (!isRequired && isMissing(thrown)) return undefined;
    throw new Error(`${basename(path)} cannot be read`, { cause: thrown });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error(`${basename(path)} is not JSON`);
  }
}

const isMissing = (thrown: unknown): boolean =>
  thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";
