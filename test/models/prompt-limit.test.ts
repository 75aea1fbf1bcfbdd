/** `--max-prompt-tokens` on the whole server with a real model: no engine computes what is above it. */
import { type Client, credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  Chat,
  GenerateRequest,
  type GenerateResponse,
  GenerationServiceService,
  Role,
} from "../../gen/inferd/v1/generation_service.ts";
import { Truncation } from "../../gen/inferd/v1/types.ts";
import type { App } from "../../src/app/app.ts";
import { startMeasured } from "../fixtures/app.ts";
import { samplesOf } from "../fixtures/prometheus.ts";
import { detailsOf } from "../grpc/support.ts";
import { modelPath } from "./llama-engine.ts";

const most = 12;
const timeout = 60_000;

let app: App;
let client: Client;
let metricsPort = 0;

beforeAll(async () => {
  const flags = { maxPromptTokens: String(most) };
  ({ app, metricsPort } = await startMeasured(modelPath, "model", flags));
  const Generation = makeGenericClientConstructor(GenerationServiceService, "generation");
  client = new Generation(`127.0.0.1:${app.port}`, credentials.createInsecure());
}, timeout);

afterAll(async () => {
  client.close();
  await app.drain(0);
});

type Input = NonNullable<GenerateRequest["input"]>;

interface Answer {
  readonly promptTokens: number | undefined;
  readonly reason: string | undefined;
}

function generate(input: Input, truncation: Truncation = Truncation.UNSPECIFIED): Promise<Answer> {
  const { path, requestSerialize, responseDeserialize } = GenerationServiceService.generate;
  const request = GenerateRequest.fromPartial({ input, truncation, sampling: { maxTokens: 1 } });
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      (error, response?: GenerateResponse) => {
        const promptTokens = response?.finish?.usage?.promptTokens;
        resolve({ promptTokens, reason: detailsOf(error ?? undefined)?.reason });
      },
    );
  });
}

/** How many steps the model's engine has made, once so many jobs have finished: the text is cached for a moment. */
async function stepsAfter(jobs: number): Promise<number | undefined> {
  const of = { model: "model" };
  for (;;) {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    const samples = samplesOf(text);
    if (samples.get("inferd_decode_seconds_count", of) === jobs) {
      return samples.get("inferd_step_jobs_count", of);
    }
  }
}

const text = (words: number): string => "dog ".repeat(words).trim();

// A word of it is a token; a prompt has one more to begin with, and a chat what its template adds.
const inputs: readonly [kind: string, input: (words: number) => Input, reason: string][] = [
  ["a prompt", (words) => ({ $case: "prompt", value: text(words) }), "PROMPT_TOO_LONG"],
  [
    "a chat",
    (words) => ({
      $case: "chat",
      value: Chat.fromPartial({ messages: [{ role: Role.USER, content: text(words) }] }),
    }),
    "PROMPT_TOO_LONG",
  ],
  [
    "token ids",
    (words) => ({ $case: "tokenIds", value: { ids: Array.from({ length: words }, () => 50) } }),
    "FIELD_INVALID",
  ],
];

it("a prompt above the limit costs no step of the engine", { timeout }, async () => {
  const short = { $case: "prompt", value: "dog" } as const;
  await generate(short);
  const steps = await stepsAfter(1);
  for (const [, input, reason] of inputs) {
    expect(await generate(input(most + 1))).toEqual({ promptTokens: undefined, reason });
  }
  await generate(short);
  expect(await stepsAfter(2)).toBe(2 * (steps ?? NaN));
});

describe.each(inputs)("%s", { timeout }, (_, input, reason) => {
  it("of the limit is served, and one word more is not", async () => {
    const answers = await Promise.all(
      Array.from({ length: most + 1 }, (__, words) => generate(input(words + 1))),
    );
    const served = answers.filter((answer) => answer.promptTokens !== undefined);
    expect(served.at(-1)?.promptTokens).toBe(most);
    expect(answers.slice(served.length).map((answer) => answer.reason)).toEqual(
      answers.slice(served.length).map(() => reason),
    );
  });
});

it("text is cut to the limit where asked", { timeout }, async () => {
  for (const truncation of [Truncation.START, Truncation.END]) {
    const input = { $case: "prompt", value: text(5 * most) } as const;
    expect(await generate(input, truncation)).toEqual({ promptTokens: most, reason: undefined });
  }
});
