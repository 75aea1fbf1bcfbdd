/** The engines that docs/write-an-engine.md shows, served as it says. */
import { readFileSync } from "node:fs";
import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command } from "./command.ts";
import { blocksOf } from "./documents.ts";
import { callMethod, type Fields } from "./grpc/proto-client.ts";
import { detailsOf } from "./grpc/support.ts";
import { type RealServer, startServer } from "./real-server.ts";

const page = "docs/write-an-engine.md";
const folders = ["", "/letters", "/countdown"].map((each) => `examples/custom-engine${each}`);

let server: RealServer | undefined;
let client: Client;

beforeAll(async () => {
  const models = folders.map((folder) => `--model ${folder}`).join(" ");
  server = await startServer(`bin/inferd serve ${models}`);
  client = new Client(server.address, credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await server?.stop();
});

const generate = (request: Fields) =>
  callMethod(client, { service: "GenerationService", method: "Generate", request });
const countdown = (prompt: string, sampling: Fields = {}) =>
  generate({ model: "countdown", prompt, sampling });

it("are all that it shows", () => {
  const files = blocksOf(readFileSync(page, "utf8")).flatMap(({ test }) =>
    test.kind === "same" ? [test.file] : [],
  );
  for (const folder of folders) expect(files).toContain(`${folder}/engine.ts`);
});

it("a function that generates streams its pieces", async () => {
  const flags = ["--address", server!.address, "--model", "key-phrases"];
  const written = await command("bin/inferd", ["generate", ...flags, "The old lighthouse keeper"]);
  expect(written.trimEnd()).toBe("old lighthouse keeper");
});

it("a function that embeds gives vectors", async () => {
  const request = { model: "letters", inputs: ["Abba", "z"], normalize: false };
  const method = { service: "EmbeddingService", method: "Embed" };
  const { messages } = await callMethod(client, { ...method, request });
  const vector = (counts: Readonly<Record<number, number>>) => {
    return { values: Array.from({ length: 26 }, (_, letter) => counts[letter] ?? 0) };
  };
  expect(messages[0]?.["embeddings"]).toMatchObject([
    { float32: vector({ 0: 2, 1: 2 }) },
    { float32: vector({ 25: 1 }) },
  ]);
});

describe("an engine with steps", () => {
  it.each([
    ["to its end", {}, "5 4 3 2 1 ", "FINISH_REASON_STOP"],
    ["to max_tokens", { max_tokens: 2 }, "5 4 ", "FINISH_REASON_LENGTH"],
    ["to a stop sequence", { stop: [" 2"] }, "5 4 3", "FINISH_REASON_STOP_SEQUENCE"],
  ])("counts %s", async (_, sampling, text, reason) => {
    const { messages, error } = await countdown("5", sampling);
    expect(error).toBeUndefined();
    expect(messages[0]).toMatchObject({ text, finish: { reason, usage: { prompt_tokens: 1 } } });
  });

  it("counts for many callers at once", async () => {
    const answers = await Promise.all(["3", "30", "300"].map((prompt) => countdown(prompt)));
    expect(answers.map(({ messages }) => String(messages[0]?.["text"]).split(" ").length)).toEqual([
      4, 31, 301,
    ]);
  });

  it("names the field that is wrong", async () => {
    const { error } = await countdown("five");
    expect(detailsOf(error)).toMatchObject({
      reason: "FIELD_INVALID",
      violations: [{ field: "prompt", reason: "MALFORMED" }],
    });
  });

  it("says when to try again what is too much now", async () => {
    const { error } = await countdown("20000");
    expect(detailsOf(error)).toMatchObject({ reason: "QUEUE_FULL", retryMs: 5000 });
  });
});
