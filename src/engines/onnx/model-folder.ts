/** Finds and reads the files beside an ONNX model. */
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ModelSource } from "../engine.ts";
import type { EncoderFiles } from "./encoder-config.ts";
import { openVocabulary } from "./vocabulary.ts";
import type { OpenVocabulary } from "./vocabulary.ts";

/** A file's role in a manifest, and where it lies when the manifest does not say. */
const places = {
  tokenizer: "tokenizer.json",
  tokenizer_config: "tokenizer_config.json",
  config: "config.json",
  modules: "modules.json",
  pooling: join("1_Pooling", "config.json"),
  sentence_bert_config: "sentence_bert_config.json",
} as const;

export interface ModelFolder extends OpenVocabulary {
  readonly model: string;
  readonly files: EncoderFiles;
}

export async function readFolder({ files }: ModelSource): Promise<ModelFolder> {
  const model = files["model"];
  if (model === undefined) throw new Error("the manifest states no file for the role model");
  // Hugging Face repositories keep the graph in a folder of its own.
  const own = dirname(model);
  const folder = basename(own) === "onnx" ? dirname(own) : own;
  const textOf = (role: keyof typeof places): Promise<string | undefined> =>
    readText(files[role] ?? join(folder, places[role]), files[role] !== undefined);
  const read = async (role: keyof typeof places): Promise<unknown> =>
    parsed(await textOf(role), files[role] ?? places[role]);

  const [tokenizer, tokenizerConfig, config, modules, pooling, sentence] = await Promise.all([
    textOf("tokenizer"),
    read("tokenizer_config"),
    read("config"),
    read("modules"),
    read("pooling"),
    read("sentence_bert_config"),
  ]);
  if (tokenizer === undefined)
    throw new Error("there is no tokenizer.json beside the model; put it there");
  return {
    model,
    files: { modules, pooling, sentence, tokenizer: tokenizerConfig, model: config },
    ...openVocabulary(tokenizer),
  };
}

/** Undefined where there is no file and none was asked for. */
async function readText(path: string, isRequired: boolean): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    if (!isRequired && isMissing(thrown)) return undefined;
    throw new Error(`${basename(path)} cannot be read`, { cause: thrown });
  }
}

function parsed(text: string | undefined, path: string): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error(`${basename(path)} is not JSON`);
  }
}

const isMissing = (thrown: unknown): boolean =>
  thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";
