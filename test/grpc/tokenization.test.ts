import { afterEach, describe, expect, it } from "vitest";
import { ServeError } from "../../src/base/errors.ts";
import type { Answer, Question } from "../../src/engines/engine.ts";
import type { Models, ModelStatus } from "../../src/models/model.ts";
import { embeddingModel, fakeModels, generationModel } from "./fake-models.ts";
import { type Fields, serve, type Served } from "./proto-client.ts";
import { detailsOf } from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

const pieces = {
  bytes: Buffer.from("<s>é"),
  ends: Uint32Array.of(3, 4, 5),
  special: Uint8Array.of(1, 0, 0),
  places: Uint32Array.of(0, 0, 0, 1, 1, 2),
};
const ids = Uint32Array.of(1, 40, 41);

function answerOf(question: Question): Answer {
  switch (question.kind) {
    case "tokenize":
      return { ids, ...(question.withPieces && { pieces }) };
    case "tokenizeChat":
      return { ids, text: "<s>é" };
    case "detokenize":
      return question.ids.length > 2 ? "x".repeat(5_000_000) : "é";
    case "applyTemplate":
    case "countTokens":
    case "prepareConstraint":
    case "prepareTools":
      throw new Error("another question");
  }
}

async function open(
  statuses: readonly ModelStatus[] = [generationModel(), embeddingModel()],
  answer = answerOf,
): Promise<Served & { readonly asked: readonly Question[] }> {
  const asked: Question[] = [];
  const models = fakeModels(statuses);
  const served = await serve({
    ...models,
    resolve: (...wanted) => ({
      ...models.resolve(...wanted),
      // The question's kind decides the answer's type, which a fake does not know.
      ask: (async (question: Question) => {
        asked.push(question);
        return Promise.resolve(answer(question));
      }) as ReturnType<Models["resolve"]>["ask"],
    }),
  });
  closing.push(served.stop);
  return { ...served, asked };
}

const version = { version: "1.2", digest: `sha256:${"ab".repeat(32)}` };
const tokenize = (served: Served, request: Fields) =>
  served.call("TokenizationService", "Tokenize", request);
const detokenize = (served: Served, request: Fields) =>
  served.call("TokenizationService", "Detokenize", request);

describe("Tokenize", () => {
  it("gives ids, and asks for what a prompt is read as", async () => {
    const served = await open();
    const { messages, error } = await tokenize(served, { text: "é" });
    expect(error).toBeUndefined();
    const model = { ...version, name: "story" };
    expect(messages).toEqual([{ count: 3, token_ids: [1, 40, 41], pieces: [], text: "", model }]);
    const question = { text: "é", addSpecial: true, parseSpecial: false, withPieces: false };
    expect(served.asked).toEqual([{ kind: "tokenize", ...question }]);
  });

  it("gives pieces where asked, of any model", async () => {
    const served = await open();
    const request = { model: "vectors", text: "é", with_pieces: true, add_special: false };
    const { messages } = await tokenize(served, request);
    expect(messages).toMatchObject([
      {
        pieces: [
          { token: Buffer.from("<s>"), special: true, start: 0, end: 0 },
          { token: Buffer.of(0xc3), special: false, start: 0, end: 1 },
          { token: Buffer.of(0xa9), special: false, start: 1, end: 2 },
        ],
        model: { name: "vectors" },
      },
    ]);
    expect(served.asked).toMatchObject([{ addSpecial: false, withPieces: true }]);
  });

  it("gives no more than the count where that is all", async () => {
    const { messages } = await tokenize(await open(), { text: "é", count_only: true });
    expect(messages).toMatchObject([{ count: 3, token_ids: [], text: "" }]);
  });

  it("gives the text of a chat too", async () => {
    const served = await open();
    const chat = { messages: [{ role: "ROLE_USER", content: "é" }] };
    expect((await tokenize(served, { chat })).messages).toMatchObject([{ text: "<s>é", count: 3 }]);
    expect(served.asked).toMatchObject([
      { kind: "tokenizeChat", messages: [{ role: "user", content: "é" }] },
    ]);
  });

  it("refuses a chat where there is no template", async () => {
    const served = await open([embeddingModel()]);
    const chat = { messages: [{ role: "ROLE_USER", content: "é" }] };
    const { error } = await tokenize(served, { chat });
    expect(detailsOf(error)).toMatchObject({ reason: "NO_CHAT_TEMPLATE" });
  });

  it("takes the embedding model without a name where none generates", async () => {
    const { messages } = await tokenize(await open([embeddingModel()]), { text: "é" });
    expect(messages).toMatchObject([{ model: { name: "vectors" } }]);
  });

  it("says that a model has no tokenizer", async () => {
    const served = await open([generationModel()], () => {
      throw new ServeError("WRONG_TASK", "the model's engine has none");
    });
    const { error } = await tokenize(served, { text: "é" });
    expect(detailsOf(error)).toMatchObject({ reason: "WRONG_TASK" });
  });

  it("refuses an answer that is too large", async () => {
    const many = new Uint32Array(900_000);
    const served = await open([generationModel()], () => ({ ids: many }));
    const { error } = await tokenize(served, { text: "é" });
    expect(detailsOf(error)).toMatchObject({ reason: "RESPONSE_TOO_LARGE" });
    const counted = await tokenize(served, { text: "é", count_only: true });
    expect(counted.messages).toMatchObject([{ count: 900_000 }]);
  });
});

describe("Detokenize", () => {
  it("gives the text", async () => {
    const served = await open();
    const { messages } = await detokenize(served, { token_ids: [40, 41], skip_special: true });
    expect(messages).toEqual([{ text: "é", model: { ...version, name: "story" } }]);
    const asked = { kind: "detokenize", ids: Uint32Array.of(40, 41), skipSpecial: true };
    expect(served.asked).toEqual([asked]);
  });

  it("names each id that the model does not know", async () => {
    const { error } = await detokenize(await open(), { token_ids: [1, 100, 2, 101] });
    expect(error?.message).toContain("token_ids[1] must be a token id of this model, below 100");
    expect(error?.message).toContain("1 more field");
  });

  it("refuses an answer that is too large", async () => {
    const { error } = await detokenize(await open(), { token_ids: [1, 2, 3] });
    expect(detailsOf(error)).toMatchObject({ reason: "RESPONSE_TOO_LARGE" });
  });
});
