/** OpenAI's own client, against models that give what a test says. */
import OpenAI, { APIError, NotFoundError, RateLimitError } from "openai";
import { afterEach, describe, expect, it } from "vitest";
import { ServeError } from "../../src/base/errors.ts";
import type { Submission } from "../../src/jobs/submission.ts";
import type { WorkerEvent } from "../../src/workers/messages.ts";
import {
  embeddingModel,
  fakeModels,
  generationModel,
  result,
  type Run,
} from "../grpc/fake-models.ts";
import { type HttpRunning, startHttp } from "./support.ts";

let running: HttpRunning | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

async function clientOf(run: Run): Promise<OpenAI> {
  running = await startHttp(
    fakeModels(
      [generationModel({ generate: { chatFormat: "hermes" } }), embeddingModel()],
      run,
      () => undefined,
    ),
  );
  return new OpenAI({ baseURL: `${running.url}/v1`, apiKey: "none", maxRetries: 0 });
}

/** Gives events, and keeps what was asked. */
function giving(...events: readonly WorkerEvent[]): { run: Run; asked: Submission[] } {
  const asked: Submission[] = [];
  return {
    asked,
    // eslint-disable-next-line @typescript-eslint/require-await
    run: async function* (submission) {
      asked.push(submission);
      yield { kind: "started" };
      yield* events;
    },
  };
}

const piece = (text: string): WorkerEvent => ({ kind: "piece", text });
const finish = (reason: typeof result.reason = "stop"): WorkerEvent => ({
  kind: "finish",
  ...result,
  reason,
});
const hello = [{ role: "user", content: "Hello" }] as const;

describe("chat completions", () => {
  it("are whole answers", async () => {
    const client = await clientOf(giving(piece("Hi"), piece(" there"), finish()).run);
    const answer = await client.chat.completions.create({ model: "story", messages: [...hello] });
    expect(answer.choices[0]).toMatchObject({
      message: { role: "assistant", content: "Hi there" },
      finish_reason: "stop",
    });
    expect(answer.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 });
    expect(answer._request_id).toBe(answer.id.slice("chatcmpl-".length));
  });

  it("are streams that the client puts together again", async () => {
    const client = await clientOf(giving(piece("Hi"), piece(" there"), finish("length")).run);
    const stream = client.chat.completions.stream({
      model: "story",
      messages: [...hello],
      stream_options: { include_usage: true },
    });
    const answer = await stream.finalChatCompletion();
    expect(answer.choices[0]).toMatchObject({
      message: { role: "assistant", content: "Hi there" },
      finish_reason: "length",
    });
    expect(answer.usage?.total_tokens).toBe(5);
  });

  it.each([true, false])("carry reasoning and tool calls (stream: %s)", async (isStream) => {
    const call = { kind: "tool_call", call: 0 } as const;
    const client = await clientOf(
      giving(
        { kind: "reasoning", text: "I need it." },
        { ...call, id: "call_1", name: "add", arguments: "" },
        { ...call, arguments: '{"a":' },
        { ...call, arguments: "1}" },
        finish("tool_calls"),
      ).run,
    );
    const tool = {
      type: "function",
      function: { name: "add", parameters: { type: "object" } },
    } as const;
    const body = { model: "story", messages: [...hello], tools: [tool] };
    const answer = isStream
      ? await client.chat.completions.stream(body).finalChatCompletion()
      : await client.chat.completions.create(body);
    const [choice] = answer.choices;
    expect(choice?.finish_reason).toBe("tool_calls");
    expect(choice?.message.tool_calls).toMatchObject([
      { id: "call_1", type: "function", function: { name: "add", arguments: '{"a":1}' } },
    ]);
    if (!isStream)
      expect(choice?.message).toMatchObject({ reasoning_content: "I need it.", content: null });
  });

  it("pass on what the client asks for", async () => {
    const { run, asked } = giving(finish());
    const client = await clientOf(run);
    await client.chat.completions.create({
      model: "story",
      messages: [
        { role: "developer", content: "Be brief." },
        {
          role: "user",
          content: [
            { type: "text", text: "A" },
            { type: "text", text: "B" },
          ],
        },
      ],
      temperature: 0.7,
      max_completion_tokens: 9,
      stop: "END",
    });
    expect(asked[0]?.job).toMatchObject({
      input: {
        kind: "chat",
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "AB" },
        ],
      },
      // What gRPC carries of it is of single precision.
      sampling: { temperature: Math.fround(0.7), maxTokens: 9 },
      stop: ["END"],
    });
  });

  it("end in an error that the client raises, before or within a stream", async () => {
    const failed: WorkerEvent = {
      kind: "failed",
      error: ServeError.of("WORKER_EXITED").toData(),
    };
    const client = await clientOf(giving(piece("Hi"), failed).run);
    const body = { model: "story", messages: [...hello] };
    await expect(client.chat.completions.create(body)).rejects.toMatchObject({
      status: 503,
      code: "worker_exited",
    });
    const stream = await client.chat.completions.create({ ...body, stream: true });
    const seen: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const chunk of stream) seen.push(chunk);
    };
    await expect(read()).rejects.toThrow(APIError);
    await expect(client.chat.completions.create({ ...body, model: "none" })).rejects.toThrow(
      NotFoundError,
    );
  });

  it("name every wrong parameter, by OpenAI's names", async () => {
    const client = await clientOf(giving(finish()).run);
    const body = { model: "story", messages: [...hello] };
    const create = (more: object) => client.chat.completions.create({ ...body, ...more });
    await expect(create({ temperature: 3, top_p: 0 })).rejects.toMatchObject({
      status: 400,
      param: "temperature",
      message: expect.stringMatching(/temperature: .*; top_p: /) as unknown,
    });
    await expect(create({ n: 2 })).rejects.toMatchObject({ param: "n" });
    await expect(create({ nonsense: 1 })).rejects.toMatchObject({ param: "nonsense" });
    await expect(create({ messages: [{ role: "nobody" }] })).rejects.toMatchObject({ status: 400 });
  });

  it("say when to try again", async () => {
    const client = await clientOf(() => {
      throw new ServeError("QUEUE_FULL", "the queue is full", { retryAfterMs: 1500 });
    });
    const error: unknown = await client.chat.completions
      .create({ model: "story", messages: [...hello] })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RateLimitError);
    const { headers } = error as RateLimitError;
    expect(headers.get("retry-after")).toBe("2");
    expect(headers.get("retry-after-ms")).toBe("1500");
  });
});

describe("completions", () => {
  it.each([true, false])("continue a text (stream: %s)", async (isStream) => {
    const { run, asked } = giving(piece(" upon"), piece(" a time"), finish("length"));
    const client = await clientOf(run);
    const body = { model: "story", prompt: "Once" };
    const texts: string[] = [];
    if (isStream) {
      for await (const { choices } of await client.completions.create({ ...body, stream: true })) {
        texts.push(choices[0]?.text ?? "");
      }
    } else texts.push((await client.completions.create(body)).choices[0]?.text ?? "");
    expect(texts.join("")).toBe(" upon a time");
    expect(asked[0]?.job).toMatchObject({
      input: { kind: "prompt", text: "Once" },
      sampling: { maxTokens: 16 },
    });
  });
});

describe("models", () => {
  it("are listed and described", async () => {
    const client = await clientOf(giving(finish()).run);
    const names: string[] = [];
    for await (const { id } of client.models.list()) names.push(id);
    expect(names).toEqual(["story", "vectors"]);
    expect(await client.models.retrieve("story")).toMatchObject({ id: "story", object: "model" });
    await expect(client.models.retrieve("none")).rejects.toThrow(NotFoundError);
  });
});

describe("embeddings", () => {
  const values = Float32Array.of(0.25, -1, 3e-8, 1);
  const item = (index: number) =>
    ({ index, tokenCount: 2, truncated: false, value: { kind: "float32", values } }) as const;

  it("are the same numbers as base64, which the client asks for, and as numbers", async () => {
    const { run, asked } = giving({ kind: "items", items: [item(0), item(1)] }, finish());
    const client = await clientOf(run);
    const body = { model: "vectors", input: ["a", "b"] };
    for (const encoding of [undefined, "float"] as const) {
      const answer = await client.embeddings.create({
        ...body,
        ...(encoding && { encoding_format: encoding }),
      });
      expect(answer.data.map(({ embedding }) => embedding)).toEqual([[...values], [...values]]);
      expect(answer.data.map(({ index }) => index)).toEqual([0, 1]);
    }
    expect(asked[0]?.job).toMatchObject({ items: ["a", "b"] });
  });
});
