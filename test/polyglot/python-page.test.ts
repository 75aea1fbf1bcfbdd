/** The functions that docs/python.md shows, served as it says. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Client, credentials } from "@grpc/grpc-js";
import { command } from "../command.ts";
import { blocksOf } from "../documents.ts";
import { callMethod, type Fields } from "../grpc/proto-client.ts";
import { detailsOf } from "../grpc/support.ts";
import { type RealServer, startServer } from "../real-server.ts";

const folder = "examples/python-function";
const files = ["backwards", "letters", "overlap", "slow", "inferd_app"];
const text = "One cat sat. A dog ran far away. The cat saw the dog, and the dog saw the cat.";

let server: RealServer | undefined;
let client: Client;

beforeAll(async () => {
  server = await startServer(
    `bin/inferd serve ${files.map((file) => `${folder}/${file}.py`).join(" ")}`,
  );
  client = new Client(server.address, credentials.createInsecure());
}, 60_000);

afterAll(async () => {
  client.close();
  await server?.stop();
});

const generate = (request: Fields) =>
  callMethod(client, { service: "GenerationService", method: "Generate", request });
const embed = (request: Fields) =>
  callMethod(client, { service: "EmbeddingService", method: "Embed", request });
/** Calls as the page does: by reflection, and with the service's full name. */
const grpcurl = (flags: string[], method: string, request: Fields) => {
  const parameters = [...flags, "-plaintext", "-d", JSON.stringify(request), server!.address];
  return command(".tools/bin/grpcurl", [...parameters, `inferd.v1.${method}`]);
};

it("are all that it shows", () => {
  const shown = blocksOf(readFileSync("docs/python.md", "utf8")).flatMap(({ test }) =>
    test.kind === "same" ? [test.file] : [],
  );
  for (const file of [...files, "fastapi_app"]) expect(shown).toContain(`${folder}/${file}.py`);
});

it("a generator streams its pieces", async () => {
  const request = { model: "backwards", prompt: "a cat on the mat" };
  const answer = await grpcurl([], "GenerationService/GenerateStream", request);
  const pieces = [...answer.matchAll(/"text": "([^"]*)"/g)].map(([, piece]) => piece);
  expect(pieces.join("")).toBe("mat the on cat a ");
});

it("a class embeds, and fails a text alone", async () => {
  const request = { model: "letters", normalize: false, allow_item_errors: true };
  const { messages } = await embed({ ...request, inputs: ["Abba", " ", "z"] });
  const counts = (of: Readonly<Record<number, number>>) => {
    return { values: Array.from({ length: 26 }, (_, letter) => of[letter] ?? 0) };
  };
  expect(messages[0]?.["embeddings"]).toMatchObject([
    { float32: counts({ 0: 2, 1: 2 }) },
    { error: { reason: "FIELD_INVALID" } },
    { float32: counts({ 25: 1 }) },
  ]);
});

it("functions rank and classify", async () => {
  const ranked = await callMethod(client, {
    service: "RerankService",
    method: "Rerank",
    request: { query: "the cat", documents: ["a dog", "the cat sat", "a cat"] },
  });
  expect(ranked.messages[0]?.["rankings"]).toMatchObject([
    { index: 1, score: 2 },
    { index: 2, score: 1 },
    { index: 0, score: 0 },
  ]);
  const classified = await callMethod(client, {
    service: "ClassificationService",
    method: "Classify",
    request: { inputs: [{ text: "Is it?" }, { text: "It is." }], top_n: 1 },
  });
  expect(classified.messages[0]?.["classifications"]).toMatchObject([
    { labels: [{ name: "question", score: 1 }] },
    { labels: [{ name: "statement", score: 1 }] },
  ]);
});

it("an async generator hears that its caller has left", async () => {
  const request = { model: "slow", prompt: "count", sampling: { max_tokens: 1_000_000 } };
  const call = grpcurl(["-max-time", "1"], "GenerationService/GenerateStream", request);
  await expect(call).rejects.toThrow("DeadlineExceeded");
  const ended = () => server!.log().filter(({ msg }) => /ended after \d+ numbers/.test(msg));
  await expect.poll(ended).not.toEqual([]);
});

describe("the app that FastAPI's becomes", () => {
  it("gives the best sentences first", async () => {
    const { messages } = await generate({ model: "inferd_app", prompt: text });
    expect(messages[0]).toMatchObject({
      text: "The cat saw the dog, and the dog saw the cat.\nA dog ran far away.\nOne cat sat.\n",
    });
  });

  it("names the field that is wrong", async () => {
    const { error } = await generate({ model: "inferd_app", prompt: " " });
    expect(detailsOf(error)).toMatchObject({
      reason: "FIELD_INVALID",
      violations: [{ field: "prompt", reason: "MALFORMED" }],
    });
  });

  it("is an app of FastAPI's that Python can read", async () => {
    const read = "import ast, sys; ast.parse(open(sys.argv[1]).read())";
    await command("python3", ["-c", read, `${folder}/fastapi_app.py`]);
  });
});
