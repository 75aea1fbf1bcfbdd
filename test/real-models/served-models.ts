/** Fetches the published models once, writes their manifests, and serves them with the real command. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Client, credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import { EmbeddingServiceService } from "../../gen/inferd/v1/embedding_service.ts";
import { GenerationServiceService } from "../../gen/inferd/v1/generation_service.ts";
import { command } from "../command.ts";
import { type RealServer, startServer } from "../real-server.ts";

const here = import.meta.dirname;
const cache = resolve(here, "../../.cache/real-models");

/** A row of models.json. */
export interface PublishedModel {
  readonly name: string;
  readonly pooling?: string;
  /** The pooling of a model whose vectors are sparse. */
  readonly splade?: string;
  readonly output?: string;
  readonly float32?: { readonly to: string };
}

export const publishedModels = JSON.parse(
  readFileSync(join(here, "models.json"), "utf8"),
) as readonly PublishedModel[];

export const folderOf = (name: string): string => join(cache, name);

const environment = join(cache, "python");
const python = join(environment, "bin/python");

async function installPackages(): Promise<void> {
  await command("python3", ["-m", "venv", environment]);
  await command(python, ["-m", "pip", "install", "--quiet", "-r", join(here, "fetch.txt")]);
}

/** What another library computes with a model, on this machine. */
export interface ComputedVectors {
  readonly name: string;
  readonly vectors: readonly { readonly tokens: number; readonly vector: string }[];
}

/** Has onnxruntime for Python compute the vectors of texts.json, with every model that is here. */
export async function computeVectors(): Promise<readonly ComputedVectors[]> {
  await installPackages();
  return JSON.parse(await command(python, [join(here, "vectors.py"), cache])) as ComputedVectors[];
}

/** Fetches what is not there yet; the models that are, and why the others are missing. */
export async function fetchModels(): Promise<ReadonlyMap<string, string | undefined>> {
  const isWhole = publishedModels.every(({ name }) => existsSync(folderOf(name)));
  const reasons = new Map<string, string | undefined>();
  if (isWhole) return new Map(publishedModels.map(({ name }) => [name, undefined]));
  try {
    await installPackages();
    const said = await command(python, [join(here, "fetch.py"), cache]);
    for (const line of said.split("\n")) {
      const [, name, missing] = /^(\S+) (?:ready|missing: (.*))$/.exec(line) ?? [];
      if (name !== undefined) reasons.set(name, missing);
    }
  } catch (error) {
    for (const { name } of publishedModels) {
      if (!existsSync(folderOf(name))) reasons.set(name, String(error));
      else reasons.set(name, undefined);
    }
  }
  return reasons;
}

/** What a user would write for this model. */
function writeManifest(model: PublishedModel, longest: number): void {
  const { name, splade, pooling = splade, output, float32 } = model;
  const lines = [`name: ${name}`];
  if (float32 !== undefined) {
    lines.push("task: generate", "engine: llama", `files: { model: ${float32.to} }`);
  } else {
    const chosen = output === undefined ? "" : `, output: "${output}"`;
    lines.push("task: embed", "engine: onnx", "files: { model: model.onnx }");
    lines.push(
      `options: { pooling: ${pooling}${chosen} }`,
      `limits: { context_length: ${longest} }`,
    );
  }
  writeFileSync(join(folderOf(name), "model.yaml"), `${lines.join("\n")}\n`);
}

export interface ServedModels {
  readonly server: RealServer;
  readonly embedding: Client;
  readonly generation: Client;
  stop(): Promise<void>;
}

/** Serves these models in one server, with inputs of at most so many tokens where they embed. */
export async function serveModels(
  models: readonly PublishedModel[],
  longest: number,
): Promise<ServedModels> {
  for (const model of models) writeManifest(model, longest);
  const flags = models.map(({ name }) => `--model ${folderOf(name)}`).join(" ");
  const server = await startServer(`bin/inferd serve ${flags}`);
  const insecure = credentials.createInsecure();
  const connect = (service: Parameters<typeof makeGenericClientConstructor>[0]): Client =>
    new (makeGenericClientConstructor(service, "client"))(server.address, insecure);
  const embedding = connect(EmbeddingServiceService);
  const generation = connect(GenerationServiceService);
  const stop = async (): Promise<void> => {
    embedding.close();
    generation.close();
    await server.stop();
  };
  return { server, embedding, generation, stop };
}
