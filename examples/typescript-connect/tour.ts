/** What a client does, a line for each thing; or `restart`, where that is the second argument. */
import { readFileSync } from "node:fs";
import { argv, exit, stdin, stdout } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from "./gen/google/rpc/error_details_pb";
import { Health, HealthCheckResponse_ServingStatus } from "./gen/grpc/health/v1/health_pb";
import { EmbeddingService } from "./gen/inferd/v1/embedding_service_pb";
import {
  GenerateRequestSchema,
  GenerationService,
  Role,
} from "./gen/inferd/v1/generation_service_pb";

type Generation = Client<typeof GenerationService>;

const model = "inferd-demo";
const story = create(GenerateRequestSchema, {
  model,
  input: { case: "prompt", value: "Once upon a time" },
  includePrompt: true,
  sampling: { temperature: 0, maxTokens: 16 },
});
const longStory = create(GenerateRequestSchema, {
  model,
  input: { case: "prompt", value: "Once upon a time" },
  sampling: { maxTokens: 1500, ignoreEos: true },
});

async function unary(generation: Generation): Promise<void> {
  const response = await generation.generate(story);
  console.log(`unary: ${response.text}`);
}

async function stream(generation: Generation): Promise<void> {
  stdout.write("stream: ");
  for await (const { event } of generation.generateStream(story)) {
    if (event.case === "piece") stdout.write(event.value.text);
    if (event.case === "finish") console.log(` (${event.value.usage?.completionTokens} tokens)`);
  }
}

async function chat(generation: Generation): Promise<void> {
  const messages = [
    { role: Role.SYSTEM, content: "Answer briefly." },
    { role: Role.USER, content: "What can you do?" },
  ];
  const response = await generation.generate({
    model,
    input: { case: "chat", value: { messages } },
    sampling: { temperature: 0, maxTokens: 32 },
  });
  console.log(`chat: ${response.text}`);
}

async function schema(generation: Generation): Promise<void> {
  const content = "Extract name and age as JSON: Ada is 36 years old.";
  const jsonSchema = readFileSync("../person.schema.json", "utf8");
  const response = await generation.generate({
    model,
    input: { case: "chat", value: { messages: [{ role: Role.USER, content }] } },
    constraint: { kind: { case: "jsonSchema", value: jsonSchema } },
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
    messages: [{ role: Role.USER, content: "What is the weather in Oslo?" }],
    tools: [{ kind: { case: "function" as const, value: weather } }],
    // A model may also decide: leave this out.
    toolChoice: { kind: { case: "functionName" as const, value: weather.name } },
  };
  const response = await generation.generate({
    model,
    input: { case: "chat", value: chat },
    sampling: { temperature: 0, maxTokens: 128 },
  });
  for (const { name, argumentsJson } of response.toolCalls) {
    const { city } = JSON.parse(argumentsJson) as { city: string };
    console.log(`tool: ${name} of ${city}`);
  }
}

async function embed(transport: Transport): Promise<void> {
  const response = await createClient(EmbeddingService, transport).embed({
    model: "all-minilm-l6-v2",
    inputs: ["a cat on the mat", "a kitten on a rug"],
  });
  const [cat = [], kitten = []] = response.embeddings.map(({ value }) =>
    value.case === "float32" ? value.value.values : [],
  );
  // The vectors have length 1, so that their dot product is the cosine between them.
  const similarity = cat.reduce((sum, x, i) => sum + x * (kitten[i] ?? 0), 0);
  console.log(`embed: ${cat.length} dimensions, similarity ${similarity.toFixed(2)}`);
}

async function deadline(generation: Generation): Promise<void> {
  try {
    await generation.generate(longStory, { timeoutMs: 50 });
  } catch (error) {
    console.log(`deadline: ${Code[ConnectError.from(error).code]}`);
  }
}

async function cancel(generation: Generation): Promise<void> {
  let pieces = 0;
  for await (const { event } of generation.generateStream(longStory)) {
    if (event.case === "piece") pieces += 1;
    // Leaving the loop cancels the call, as an `AbortSignal` in its options does.
    if (pieces === 3) break;
  }
  console.log(`cancel: after ${pieces} pieces`);
}

async function errors(generation: Generation): Promise<void> {
  try {
    await generation.generate({
      model,
      input: { case: "prompt", value: "Once upon a time" },
      sampling: { temperature: -1, topP: 3 },
    });
  } catch (error) {
    console.log(`errors: ${explain(error)}`);
  }
}

/** Says in one line what an error's details say. */
function explain(thrown: unknown): string {
  const error = ConnectError.from(thrown);
  const [info] = error.findDetails(ErrorInfoSchema);
  const [bad] = error.findDetails(BadRequestSchema);
  const [request] = error.findDetails(RequestInfoSchema);
  const retryMs = retryAfterMs(error);
  const parts = [`${Code[error.code]} ${info?.reason ?? error.rawMessage}`];
  for (const wrong of bad?.fieldViolations ?? []) parts.push(`${wrong.field} ${wrong.description}`);
  if (retryMs !== undefined) parts.push(`retry after ${(retryMs / 1000).toFixed(1)} s`);
  if (request) parts.push(`request ${request.requestId}`);
  return parts.join("; ");
}

function retryAfterMs(error: ConnectError): number | undefined {
  const [retry] = error.findDetails(RetryInfoSchema);
  return retry?.retryDelay && durationMs(retry.retryDelay);
}

/** Whether a server answered: a refusal of its own that says no time would stay. */
function wasReached(error: ConnectError): boolean {
  return error.code !== Code.Unavailable || error.findDetails(ErrorInfoSchema).length > 0;
}

/** Health has a name for the server (empty), for each service, and for each model. */
async function health(transport: Transport): Promise<void> {
  const watch = createClient(Health, transport).watch({ service: `model:${model}` });
  for await (const { status } of watch) {
    console.log(`health: ${HealthCheckResponse_ServingStatus[status]}`);
    break;
  }
}

/** Calls again when the server says, since the library reads no service config; gives up after a minute. */
async function patiently<T>(call: (options: { signal: AbortSignal }) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(60_000);
  for (;;) {
    try {
      return await call({ signal });
    } catch (thrown) {
      const error = ConnectError.from(thrown);
      const waitMs = retryAfterMs(error) ?? (wasReached(error) ? undefined : 500);
      if (waitMs === undefined) throw error;
      await sleep(waitMs, undefined, { signal });
    }
  }
}

async function retry(generation: Generation): Promise<void> {
  const calls = Array.from({ length: 8 }, () =>
    patiently((options) => generation.generate(story, options)),
  );
  const results = await Promise.allSettled(calls);
  const served = results.filter(({ status }) => status === "fulfilled").length;
  console.log(`retry: ${served} of 8 served`);
}

/** Calls until standard input ends or has a line. */
async function restart(generation: Generation): Promise<void> {
  let isStopped = false;
  stdin.once("data", () => (isStopped = true)).once("end", () => (isStopped = true));
  let [calls, failed] = [0, 0];
  while (!isStopped) {
    calls += 1;
    try {
      await patiently((options) => generation.generate(story, options));
    } catch (error) {
      failed += 1;
      console.error(explain(error));
    }
    await sleep(200);
  }
  console.log(`restart: ${calls} calls, ${failed} failed`);
}

async function main(address: string, thing?: string): Promise<void> {
  const transport = createGrpcTransport({ baseUrl: `http://${address}`, defaultTimeoutMs: 60_000 });
  const generation = createClient(GenerationService, transport);
  if (thing === "restart") return restart(generation);
  await unary(generation);
  await stream(generation);
  await chat(generation);
  await schema(generation);
  await tool(generation);
  await embed(transport);
  await deadline(generation);
  await cancel(generation);
  await errors(generation);
  await health(transport);
  await retry(generation);
}

main(argv[2] ?? "localhost:50051", argv[3]).then(
  () => exit(0),
  (error: unknown) => {
    console.error(`error: ${explain(error)}`);
    exit(1);
  },
);
