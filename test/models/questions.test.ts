/** Questions to real engines, held against what jobs with the same input say. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type {
  ChatMessage,
  CompletionInput,
  Engine,
  Question,
  Tokenized,
} from "../../src/engines/engine.ts";
import { embed, loadFolder, makeFolder, removeFolders } from "../fixtures/encoder-folders.ts";
import { complete, jobFor, openEngine } from "./llama-engine.ts";

const texts = [
  "Once upon a time",
  "  two spaces, and a tab\t",
  "naïve café — 東京 👩‍👩‍👧",
  "<|im_start|>user",
  "line\n\nline",
];
const messages: readonly ChatMessage[] = [
  { role: "system", content: "Be brief. <|im_end|>" },
  { role: "user", content: "Who was it?" },
  { role: "assistant", content: "Tom." },
  { role: "user", content: "Thanks!" },
];
const long = "word ".repeat(60_000);

type Tokenize = Extract<Question, { readonly kind: "tokenize" }>;

const tokensOf = (text: string, options: Partial<Tokenize> = {}): Tokenize => ({
  ...{ kind: "tokenize", text, addSpecial: true, parseSpecial: false, withPieces: false },
  ...options,
});
const textOf = (ids: Uint32Array): Question => ({ kind: "detokenize", ids, skipSpecial: false });

const asks =
  (engine: Engine) =>
  async (question: Question): Promise<unknown> =>
    engine.answer?.(question);

describe("a generation model", () => {
  let engine: Engine;
  let ask: ReturnType<typeof asks>;
  beforeAll(async () => {
    engine = await openEngine();
    ask = asks(engine);
  }, 120_000);
  afterAll(async () => engine.close());

  const usedBy = async (input: CompletionInput) => {
    const [completion] = await complete(engine, jobFor(input, { maxTokens: 1 }));
    return completion!.result.usage.promptTokens;
  };

  it.each(texts)("counts a prompt's tokens as its job does: %j", async (text) => {
    const input = { kind: "prompt", text } as const;
    expect(await ask({ kind: "countTokens", input })).toBe(await usedBy(input));
  });

  it("counts those of a chat, and of token ids", async () => {
    for (const input of [
      { kind: "chat", messages },
      { kind: "token_ids", ids: Uint32Array.of(5, 6, 7) },
    ] as const) {
      expect(await ask({ kind: "countTokens", input })).toBe(await usedBy(input));
    }
  });

  it.each(texts)("makes tokens of a text, and the text of them: %j", async (text) => {
    const { ids } = (await ask(tokensOf(text, { addSpecial: false }))) as Tokenized;
    expect(await ask({ kind: "detokenize", ids, skipSpecial: false })).toBe(text);
  });

  it("computes the same for a text and for its tokens", async () => {
    const text = "Once upon a time";
    const { ids } = (await ask(tokensOf(text))) as Tokenized;
    const [read] = await complete(engine, jobFor(text));
    const [given] = await complete(engine, jobFor({ kind: "token_ids", ids }));
    expect(given!.text).toBe(read!.text);
  });

  it("lays a chat out as its job reads it", async () => {
    const prompt = await ask({ kind: "applyTemplate", messages });
    for (const { content } of messages) expect(prompt).toContain(content);
    expect(await ask({ kind: "applyTemplate", messages: messages.slice(1) })).not.toBe(prompt);
  });

  it("answers while a job holds its slot, and takes none", async () => {
    const small = await openEngine({ maxSequences: 1, contextLength: 256 });
    small.add(1, jobFor("Once"), { deadlineMs: Infinity, priority: "batch", requestId: "" });
    await small.step();
    const answer = await asks(small)(tokensOf("a", { addSpecial: false }));
    expect((answer as Tokenized).ids).toHaveLength(1);
    expect(small.busy).toBe(true);
    await small.close();
  });

  it.each<readonly [string, Question, string]>([
    ["text", tokensOf(long), "INPUT_TOO_LONG"],
    ["prompt", { kind: "countTokens", input: { kind: "prompt", text: long } }, "INPUT_TOO_LONG"],
    [
      "chat",
      { kind: "applyTemplate", messages: [{ role: "user", content: long }] },
      "INPUT_TOO_LONG",
    ],
    ["list of tokens", textOf(new Uint32Array(100_000)), "INPUT_TOO_LONG"],
    ["token", textOf(Uint32Array.of(2 ** 31)), "FIELD_INVALID"],
  ])("refuses a %s that is too much", async (_, question, reason) => {
    await expect(ask(question)).rejects.toMatchObject({ reason });
  });

  it("refuses a chat where it has no template", async () => {
    const bare = await openEngine({ chatTemplate: "{{ bad syntax", contextLength: 256 });
    for (const question of [
      { kind: "applyTemplate", messages },
      { kind: "countTokens", input: { kind: "chat", messages } },
    ] as const) {
      await expect(asks(bare)(question)).rejects.toMatchObject({ reason: "NO_CHAT_TEMPLATE" });
    }
    await bare.close();
  });
});

describe("an embedding model", () => {
  afterAll(removeFolders);

  const open = async (files: Parameters<typeof makeFolder>[0]["files"] = {}) => {
    const pooling = { "1_Pooling/config.json": { json: { pooling_mode: "mean" } } };
    const engine = await loadFolder(makeFolder({ base: "bert", files: { ...pooling, ...files } }));
    return { engine, ask: asks(engine) };
  };

  it.each([{}, prompted("query: ")])("counts a text's tokens as its job does", async (files) => {
    const { engine, ask } = await open(files);
    const some = ["a", "the cat", "a b c d e f"];
    const items = await embed(engine, some);
    for (const { index, tokenCount } of items) {
      const input = { kind: "prompt", text: some[index]! } as const;
      expect(await ask({ kind: "countTokens", input })).toBe(tokenCount);
    }
    await engine.close();
  });

  it("makes tokens of a text, with those that its vocabulary adds where asked", async () => {
    const { engine, ask } = await open();
    const tokenize = async (addSpecial: boolean) =>
      (await ask(tokensOf("the cat", { addSpecial }))) as Tokenized;
    const [{ ids: bare }, { ids: whole }] = [await tokenize(false), await tokenize(true)];
    expect(whole).toHaveLength(bare.length + 2);
    expect(whole.slice(1, -1)).toEqual(bare);
    await engine.close();
  });

  it("answers nothing else, and no more than a step takes", async () => {
    const { engine, ask } = await open();
    for (const question of [
      { kind: "tokenizeChat", messages, withPieces: false },
      { kind: "applyTemplate", messages },
      { kind: "countTokens", input: { kind: "chat", messages } },
    ] as const) {
      expect(await ask(question)).toBeUndefined();
    }
    const tokenize = ask(tokensOf(long));
    await expect(tokenize).rejects.toMatchObject({ reason: "INPUT_TOO_LONG" });
    await engine.close();
  });
});

/** A default prompt before each text. */
function prompted(text: string) {
  const json = { prompts: { query: text }, default_prompt_name: "query" };
  return { "config_sentence_transformers.json": { json } };
}
