/** The models of examples/python-engines, served as their READMEs say, against what their libraries give alone. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { Client, type ClientReadableStream, credentials, type ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { EmbeddingServiceService, EmbedRequest } from "../../gen/inferd/v1/embedding_service.ts";
import {
  GenerateRequest,
  GenerationServiceService,
  type GenerateStreamResponse,
} from "../../gen/inferd/v1/generation_service.ts";
import { runScript } from "../../bench/lib/model.ts";
import { type RealServer, startServer } from "../real-server.ts";

const texts = [
  "A cat sat on the mat.",
  "",
  "The river runs past the old market, and the children feed the ducks there at noon.",
  "Ünïcödé, 日本語 and 🙂",
  "short",
];
const messages = ["Tell me a story about a fox.", "What can you do?", "Say hello."];
const mostTokens = 60;

/** What test/real-models/python_engines.py prints. */
interface Own {
  readonly alone: readonly (readonly number[])[];
  readonly together: readonly (readonly number[])[];
  readonly answers: readonly string[];
}

let own: Own;
let server: RealServer;
let client: Client;

beforeAll(async () => {
  const python = runScript("python", "python-engines.txt");
  own = ownAnswers(python);
  const folder = "examples/python-engines";
  const models = ["sentence-transformers", "transformers"].map(
    (name) => `--model ${folder}/${name}`,
  );
  server = await startServer(`bin/inferd serve --python ${python} ${models.join(" ")}`);
  client = new Client(server.address, credentials.createInsecure());
}, 1_200_000);

afterAll(async () => {
  client.close();
  await server.stop();
});

function ownAnswers(python: string): Own {
  const script = join(import.meta.dirname, "python_engines.py");
  const { stdout, stderr, status } = spawnSync(python, [script, "models/inferd-demo"], {
    input: JSON.stringify({ texts, messages, most_tokens: mostTokens }),
    encoding: "utf8",
    env: { ...process.env, HF_HUB_OFFLINE: "1" },
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`${script} failed:\n${stderr}`);
  // Our own script printed it.
  return JSON.parse(stdout) as Own;
}

it("gives the vectors of sentence-transformers to the last bit, each text alone", async () => {
  for (const [index, text] of texts.entries()) {
    const [vector] = await embed([text]);
    expect(largestDifference(vector!, own.alone[index]!), text).toBe(0);
  }
});

it("gives the vectors of a batch as sentence-transformers does", async () => {
  const vectors = await embed(texts);
  const differences = vectors.map((vector, index) =>
    largestDifference(vector, own.together[index]!),
  );
  // Who else is in the batch decides how far texts are padded, and so in which order numbers are added.
  expect(Math.max(...differences)).toBeLessThan(1e-6);
});

it("streams the text that the pipeline of transformers writes", async () => {
  for (const [index, message] of messages.entries()) {
    const pieces = await written(stream(message, mostTokens));
    expect(pieces.join(""), message).toBe(own.answers[index]);
    expect(pieces.length, message).toBeGreaterThan(1);
  }
});

it("ends the generation of a caller that leaves", { timeout: 240_000 }, async () => {
  const unwanted = stream("Tell me a story about a fox.", 1900, true);
  await firstPiece(unwanted);
  unwanted.cancel();
  const cancelledAt = performance.now();
  await written(stream("Say hello.", 1));
  const waitedMs = performance.now() - cancelledAt;
  // The model computes one call at a time: had it gone on, the other would have waited for all of the 1,900 tokens.
  const startedAt = performance.now();
  await written(stream("Tell me a story about a fox.", 400, true));
  expect(waitedMs).toBeLessThan(performance.now() - startedAt);
});

async function embed(inputs: readonly string[]): Promise<readonly (readonly number[])[]> {
  const { path, requestSerialize, responseDeserialize } = EmbeddingServiceService.embed;
  const fields = { model: "sentences", inputs: [...inputs], normalize: false };
  const request = EmbedRequest.fromPartial(fields);
  const response = await new Promise<ReturnType<typeof responseDeserialize>>((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, got) => {
      if (got === undefined) reject(error ?? new Error("no answer"));
      else resolve(got);
    });
  });
  return response.embeddings.map(({ value }) =>
    value?.$case === "float32" ? value.value.values : [],
  );
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  return Math.max(...a.map((value, place) => Math.abs(value - b[place]!)));
}

type Stream = ClientReadableStream<GenerateStreamResponse>;

function stream(content: string, maxTokens: number, ignoreEos = false): Stream {
  const { path, requestSerialize, responseDeserialize } = GenerationServiceService.generateStream;
  const request = GenerateRequest.fromPartial({
    model: "writer",
    input: { $case: "prompt", value: content },
    sampling: { temperature: 0, repetitionPenalty: 1, maxTokens, ignoreEos },
  });
  return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
}

async function written(answer: Stream): Promise<readonly string[]> {
  const pieces: string[] = [];
  for await (const response of answer) {
    const text = textOf(response as GenerateStreamResponse);
    if (text !== "") pieces.push(text);
  }
  return pieces;
}

function firstPiece(answer: Stream): Promise<void> {
  return new Promise((resolve, reject) => {
    answer.on("data", (response: GenerateStreamResponse) => {
      if (textOf(response) !== "") resolve();
    });
    answer.on("error", (error: ServiceError) => reject(error));
  });
}

const textOf = ({ event }: GenerateStreamResponse): string =>
  event?.$case === "piece" ? event.value.text : "";
