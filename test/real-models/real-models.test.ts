/**
 * Published models, served as a user would serve them, against what other libraries compute with the same files
 * (record.py says which). What the registries do not give is skipped, with a word.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import {
  EmbeddingServiceService,
  type Embedding,
  EmbedRequest,
  type EmbedResponse,
} from "../../gen/inferd/v1/embedding_service.ts";
import {
  Chat,
  GenerateRequest,
  type GenerateResponse,
  GenerationServiceService,
  Role,
} from "../../gen/inferd/v1/generation_service.ts";
import { Truncation } from "../../gen/inferd/v1/types.ts";
import { command } from "../command.ts";
import {
  type ComputedVectors,
  computeVectors,
  fetchModels,
  folderOf,
  publishedModels,
  type ServedModels,
  serveModels,
} from "./served-models.ts";

interface Completion {
  readonly prompt_tokens: number;
  readonly tokens: readonly number[];
  readonly gaps: readonly number[];
}

interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

const parsed = (file: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, file), "utf8"));

const { texts, longest } = parsed("texts.json") as {
  readonly texts: readonly string[];
  readonly longest: number;
};
const { generation, sparse } = parsed("oracle.json") as {
  readonly sparse: readonly {
    readonly name: string;
    /** The numbers of each text's vector that are not zero, by dimension. */
    readonly vectors: readonly Readonly<Record<string, number>>[];
  }[];
  readonly generation: readonly {
    readonly name: string;
    readonly completions: readonly (Completion & { readonly prompt: string })[];
    readonly chats: readonly (Completion & { readonly messages: readonly Message[] })[];
  }[];
};
const encoders = publishedModels.filter(({ pooling }) => pooling !== undefined);

const roles = {
  system: Role.SYSTEM,
  user: Role.USER,
  assistant: Role.ASSISTANT,
} as const;

/** Two libraries add the same numbers in another order: below this gap, in logits, either may be the likeliest. */
const leastGap = 0.02;

let missing: ReadonlyMap<string, string | undefined>;
let served: ServedModels;
let computed: ReadonlyMap<string, ComputedVectors["vectors"]>;

beforeAll(async () => {
  missing = await fetchModels();
  const compared = new Set([...encoders, ...generation, ...sparse].map(({ name }) => name));
  const models = publishedModels.filter(
    ({ name }) => compared.has(name) && missing.get(name) === undefined,
  );
  const vectors = models.length === 0 ? [] : await computeVectors();
  computed = new Map(vectors.map((one) => [one.name, one.vectors]));
  served = await serveModels(models, longest);
}, 1_200_000);

afterAll(async () => {
  await served.stop();
});

function skipMissing(name: string, { skip }: TestContext): void {
  const reason = missing.get(name);
  if (reason !== undefined) skip(`${name} is not here: ${reason}`);
}

describe.each(encoders)("$name", ({ name }) => {
  it("turns texts into the vectors that onnxruntime gives each alone", async (context) => {
    skipMissing(name, context);
    const vectors = computed.get(name) ?? [];
    const together = await embed(name, texts);
    expect(together.embeddings.map(({ tokenCount }) => tokenCount)).toEqual(
      vectors.map(({ tokens }) => tokens),
    );
    for (const [i, embedding] of together.embeddings.entries()) {
      expect(cosine(vectorOf(embedding), floats(vectors[i]!.vector)), texts[i]).toBeGreaterThan(
        0.99999,
      );
    }
  });

  it("gives a text one vector, whatever is asked with it", async (context) => {
    skipMissing(name, context);
    const [first] = texts;
    const alone = await embed(name, [first!]);
    const together = await embed(name, texts);
    const similarity = cosine(vectorOf(alone.embeddings[0]), vectorOf(together.embeddings[0]));
    expect(similarity).toBeGreaterThan(0.9999999);
  });
});

describe.each(sparse)("$name", ({ name, vectors }) => {
  it("turns texts into the sparse vectors of sentence-transformers", async (context) => {
    skipMissing(name, context);
    const { embeddings } = await embed(name, texts);
    expect(embeddings).toHaveLength(vectors.length);
    for (const [place, expected] of vectors.entries()) {
      const given = sparseOf(embeddings[place]);
      // What is all but zero may be zero on another machine.
      const dimensions = new Set([...Object.keys(given), ...Object.keys(expected)]);
      for (const dimension of dimensions) {
        const off = (given[dimension] ?? 0) - (expected[dimension] ?? 0);
        expect(Math.abs(off), `${texts[place]}: ${dimension}`).toBeLessThan(1e-4);
      }
    }
  });
});

describe.each(generation)("$name", ({ name, completions, chats }) => {
  it.each(completions)("goes on after $prompt as transformers does", async (recorded) => {
    const input = { $case: "prompt", value: recorded.prompt } as const;
    expectSameTokens(recorded, await generate(name, input, recorded.tokens.length));
  });

  it.each(chats)("answers chat %$ as transformers does", async (recorded) => {
    const messages = recorded.messages.map(({ role, content }) => ({ role: roles[role], content }));
    const input = { $case: "chat", value: Chat.fromPartial({ messages }) } as const;
    expectSameTokens(recorded, await generate(name, input, recorded.tokens.length));
  });
});

it("tells who has weights in safetensors alone how to come by ONNX", async (context) => {
  const name = "all-minilm-l6-v2-safetensors";
  skipMissing(name, context);
  const failure = await command("bin/inferd", [
    "serve",
    "--port",
    "0",
    "--model",
    folderOf(name),
  ]).then(() => "served", String);
  expect(failure).toMatch(/safetensors/);
  expect(failure).toMatch(/export onnx/);
});

/** All tokens are the recorded ones, up to the first that another library may rightly choose otherwise. */
function expectSameTokens(recorded: Completion, answer: GenerateResponse): void {
  expect(answer.finish?.usage?.promptTokens).toBe(recorded.prompt_tokens);
  const close = recorded.gaps.findIndex((gap) => gap < leastGap);
  const count = close === -1 ? recorded.tokens.length : close;
  expect(answer.tokenIds.slice(0, count)).toEqual(recorded.tokens.slice(0, count));
}

const vectorOf = (embedding: Embedding | undefined): readonly number[] =>
  embedding?.value?.$case === "float32" ? embedding.value.value.values : [];

function sparseOf(embedding: Embedding | undefined): Readonly<Record<string, number>> {
  const { value } = embedding ?? {};
  if (value?.$case !== "sparse") throw new Error("the vector is not sparse");
  const { indices, values } = value.value;
  return Object.fromEntries(indices.map((index, at) => [String(index), values[at] ?? 0]));
}

const floats = (base64: string): Float32Array =>
  new Float32Array(new Uint8Array(Buffer.from(base64, "base64")).buffer);

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return dot / Math.sqrt(aa * bb);
}

function embed(model: string, inputs: readonly string[]): Promise<EmbedResponse> {
  const { path, requestSerialize, responseDeserialize } = EmbeddingServiceService.embed;
  const request = EmbedRequest.fromPartial({
    model,
    inputs: [...inputs],
    truncation: Truncation.END,
  });
  return unary(served.embedding, path, requestSerialize(request), responseDeserialize);
}

function generate(
  model: string,
  input: NonNullable<GenerateRequest["input"]>,
  maxTokens: number,
): Promise<GenerateResponse> {
  const { path, requestSerialize, responseDeserialize } = GenerationServiceService.generate;
  const sampling = { temperature: 0, repetitionPenalty: 1, maxTokens };
  const request = GenerateRequest.fromPartial({ model, sampling, returnTokenIds: true, input });
  return unary(served.generation, path, requestSerialize(request), responseDeserialize);
}

const unary = <T>(
  client: Client,
  path: string,
  request: Buffer,
  deserialize: (bytes: Buffer) => T,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const done = (error: Error | null, answer?: T): void => {
      if (answer === undefined) reject(error ?? new Error("no answer"));
      else resolve(answer);
    };
    client.makeUnaryRequest(path, (bytes: Buffer) => bytes, deserialize, request, done);
  });
