/** What a client does, a line for each thing; or `restart`, where that is the second argument. */
import { readFileSync } from "node:fs";
import { argv, exit, stdin, stdout } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Channel, ClientError, createChannel, createClientFactory, Status } from "nice-grpc";
import { deadlineMiddleware } from "nice-grpc-client-middleware-deadline";
import {
  BadRequest,
  ErrorInfo,
  errorDetailsClientMiddleware,
  RequestInfo,
  RetryInfo,
  RichClientError,
} from "nice-grpc-error-details";
import { HealthCheckResponse_ServingStatus, HealthDefinition } from "./gen/grpc/health/v1/health";
import { EmbeddingServiceDefinition } from "./gen/inferd/v1/embedding_service";
import {
  type GenerateRequest,
  GenerationServiceDefinition,
  Role,
} from "./gen/inferd/v1/generation_service";

const clients = createClientFactory().use(errorDetailsClientMiddleware).use(deadlineMiddleware);
const generationOf = (channel: Channel) =>
  clients.create(GenerationServiceDefinition, channel, { "*": { deadline: 60_000 } });
type Generation = ReturnType<typeof generationOf>;

const model = "inferd-demo";
const story = {
  model,
  prompt: "Once upon a time",
  includePrompt: true,
  sampling: { temperature: 0, maxTokens: 16 },
};
const longStory = {
  model,
  prompt: "Once upon a time",
  sampling: { maxTokens: 1500, ignoreEos: true },
};

async function unary(generation: Generation): Promise<void> {
  const response = await generation.generate(story);
  console.log(`unary: ${response.text}`);
}

async function stream(generation: Generation): Promise<void> {
  stdout.write("stream: ");
  for await (const { piece, finish } of generation.generateStream(story)) {
    if (piece) stdout.write(piece.text);
    if (finish) console.log(` (${finish.usage?.completionTokens} tokens)`);
  }
}

async function chat(generation: Generation): Promise<void> {
  const messages = [
    { role: Role.ROLE_SYSTEM, content: "Answer briefly." },
    { role: Role.ROLE_USER, content: "What can you do?" },
  ];
  const sampling = { temperature: 0, maxTokens: 32 };
  const response = await generation.generate({ model, chat: { messages }, sampling });
  console.log(`chat: ${response.text}`);
}

async function schema(generation: Generation): Promise<void> {
  const content = "Extract name and age as JSON: Ada is 36 years old.";
  const response = await generation.generate({
    model,
    chat: { messages: [{ role: Role.ROLE_USER, content }] },
    constraint: { jsonSchema: readFileSync("../person.schema.json", "utf8") },
    sampling: { temperature: 0, maxTokens: 64 },
  });
  const { name, age } = JSON.parse(response.text) as { name: string; age: number };
  console.log(`schema: ${name} is ${age}`);
}

async function tool(generation: Generation): Promise<void> {
  const weather = {
    name: "get_weather",
    description: "Tells the weather of a city.",
    parametersSchema: readFileSync("../weather.schema.json", "utf8"),
  };
  const chat = {
    messages: [{ role: Role.ROLE_USER, content: "What is the weather in Oslo?" }],
    tools: [{ function: weather }],
    // A model may also decide: leave this out.
    toolChoice: { functionName: weather.name },
  };
  const sampling = { temperature: 0, maxTokens: 128 };
  const response = await generation.generate({ model, chat, sampling });
  for (const { name, argumentsJson } of response.toolCalls) {
    const { city } = JSON.parse(argumentsJson) as { city: string };
    console.log(`tool: ${name} of ${city}`);
  }
}

async function embed(channel: Channel): Promise<void> {
  const embedding = clients.create(EmbeddingServiceDefinition, channel);
  const inputs = ["a cat on the mat", "a kitten on a rug"];
  const response = await embedding.embed(
    { model: "all-minilm-l6-v2", inputs },
    { deadline: 60_000 },
  );
  const [cat = [], kitten = []] = response.embeddings.map(({ float32 }) => float32?.values);
  // The vectors have length 1, so that their dot product is the cosine between them.
  const similarity = cat.reduce((sum, x, i) => sum + x * (kitten[i] ?? 0), 0);
  console.log(`embed: ${cat.length} dimensions, similarity ${similarity.toFixed(2)}`);
}

async function deadline(generation: Generation): Promise<void> {
  try {
    await generation.generate(longStory, { deadline: 50 });
  } catch (error) {
    console.log(`deadline: ${error instanceof ClientError ? Status[error.code] : error}`);
  }
}

async function cancel(generation: Generation): Promise<void> {
  let pieces = 0;
  for await (const { piece } of generation.generateStream(longStory)) {
    if (piece) pieces += 1;
    // Leaving the loop cancels the call, as an `AbortSignal` in its options does.
    if (pieces === 3) break;
  }
  console.log(`cancel: after ${pieces} pieces`);
}

async function errors(generation: Generation): Promise<void> {
  try {
    await generation.generate({ ...story, sampling: { temperature: -1, topP: 3 } });
  } catch (error) {
    console.log(`errors: ${explain(error)}`);
  }
}

/** Says in one line what an error's details say. */
function explain(error: unknown): string {
  if (!(error instanceof ClientError)) return String(error);
  const details = error instanceof RichClientError ? error.extra : [];
  let name = error.details;
  let rest = "";
  for (const detail of details) {
    switch (detail.$type) {
      case ErrorInfo.$type:
        name = detail.reason;
        break;
      case BadRequest.$type:
        for (const wrong of detail.fieldViolations) rest += `; ${wrong.field} ${wrong.description}`;
        break;
      case RetryInfo.$type: {
        const { seconds = 0, nanos = 0 } = detail.retryDelay ?? {};
        rest += `; retry after ${(seconds + nanos / 1e9).toFixed(1)} s`;
        break;
      }
      case RequestInfo.$type:
        rest += `; request ${detail.requestId}`;
    }
  }
  return `${Status[error.code]} ${name}${rest}`;
}

/** Health has a name for the server (empty), for each service, and for each model. */
async function health(channel: Channel): Promise<void> {
  const watch = clients.create(HealthDefinition, channel).watch({ service: `model:${model}` });
  for await (const { status } of watch) {
    console.log(`health: ${HealthCheckResponse_ServingStatus[status]}`);
    break;
  }
}

async function retry(patient: Generation): Promise<void> {
  const calls = Array.from({ length: 8 }, () => patient.generate(story));
  const results = await Promise.allSettled(calls);
  const served = results.filter(({ status }) => status === "fulfilled").length;
  console.log(`retry: ${served} of 8 served`);
}

/** Calls until standard input ends or has a line. */
async function restart(patient: Generation): Promise<void> {
  let isStopped = false;
  stdin.once("data", () => (isStopped = true)).once("end", () => (isStopped = true));
  // grpc-js asks for no health: a server that is back and loads its model would refuse what does not wait for it.
  const request = { ...story, call: { waitForModel: true } };
  let [calls, failed] = [0, 0];
  while (!isStopped) {
    calls += 1;
    try {
      await patient.generate(request);
    } catch (error) {
      failed += 1;
      console.error(explain(error));
    }
    await sleep(200);
  }
  console.log(`restart: ${calls} calls, ${failed} failed`);
}

async function main(address: string, thing?: string): Promise<void> {
  const channel = createChannel(address);
  // gRPC itself tries refused calls again when the server says.
  const config = readFileSync("../service-config.json", "utf8");
  const patient = generationOf(
    createChannel(address, undefined, { "grpc.service_config": config }),
  );
  if (thing === "restart") return restart(patient);
  const generation = generationOf(channel);
  await unary(generation);
  await stream(generation);
  await chat(generation);
  await schema(generation);
  await tool(generation);
  await embed(channel);
  await deadline(generation);
  await cancel(generation);
  await errors(generation);
  await health(channel);
  await retry(patient);
}

main(argv[2] ?? "localhost:50051", argv[3]).then(
  () => exit(0),
  (error: unknown) => {
    console.error(`error: ${explain(error)}`);
    exit(1);
  },
);
