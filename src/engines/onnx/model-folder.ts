/** Finds and reads the files beside an ONNX model. */
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as tokenizers from "@huggingface/tokenizers";
import type { ModelSource } from "../engine.ts";
import type { EncoderFiles } from "./encoder-config.ts";
import type { Vocabulary } from "./tokens.ts";

/** A file's role in a manifest, and where it lies when the manifest does not say. */
const places = {
  tokenizer: "tokenizer.json",
  tokenizer_config: "tokenizer_config.json",
  config: "config.json",
  modules: "modules.json",
  pooling: join("1_Pooling", "config.json"),
  sentence_bert_config: "sentence_bert_config.json",
} as const;

export interface ModelFolder {
  readonly model: string;
  readonly files: EncoderFiles;
  readonly vocabulary: Vocabulary;
  /** One above the highest token id. */
  readonly vocabularySize: number;
}

export async function readFolder({ files }: ModelSource): Promise<ModelFolder> {
  const model = files["model"];
  if (model === undefined) throw new Error("the manifest states no file for the role model");
  // Hugging Face repositories keep the graph in a folder of its own.
  const own = dirname(model);
  const folder = basename(own) === "onnx" ? dirname(own) : own;
  const read = (role: keyof typeof places): Promise<unknown> =>
    readJson(files[role] ?? join(folder, places[role]), files[role] !== undefined);

  const [tokenizer, tokenizerConfig, config, modules, pooling, sentence] = await Promise.all([
    read("tokenizer"),
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
    ...openVocabulary(tokenizer, tokenizerConfig ?? {}),
  };
}

// The library's own types do not resolve: they import each other without file extensions.
const { Tokenizer } = tokenizers as unknown as {
  readonly Tokenizer: new (
    tokenizer: unknown,
    config: unknown,
  ) => Vocabulary & { get_vocab(): ReadonlyMap<string, number> };
};

function openVocabulary(tokenizer: unknown, config: unknown) {
  try {
    const vocabulary = new Tokenizer(tokenizer, config);
    let highest = -1;
    for (const id of vocabulary.get_vocab().values()) highest = Math.max(highest, id);
    return { vocabulary, vocabularySize: highest + 1 };
  } catch (thrown) {
    throw new Error("tokenizer.json cannot be used", { cause: thrown });
  }
}

/** Undefined where there is no file and none was asked for. */
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
