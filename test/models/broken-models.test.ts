/** Models whose files are whole and which still cannot be served: each is refused in a line when it is loaded. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { Sampling } from "../../src/engines/engine.ts";
import { float, floatList, intList, text, textList, uint } from "../fixtures/gguf-bytes.ts";
import type { TinyChanges } from "../fixtures/tiny-models.ts";
import { tinyModel } from "../fixtures/tiny-models.ts";
import { jobFor, openEngine, Run } from "./llama-engine.ts";

const folder = mkdtempSync(join(tmpdir(), "inferd-broken-"));
afterAll(() => rmSync(folder, { recursive: true }));

function open(
  changes: TinyChanges,
  log: (level: string, message: string) => void = () => undefined,
) {
  const model = join(folder, "model.gguf");
  writeFileSync(model, tinyModel("llama", changes));
  const options = { batch_tokens: 32, kv_unified: false };
  return openEngine({ files: { model }, contextLength: 256, maxSequences: 4, options }, log);
}

const fill = (value: number) => (name: string, values: Float32Array) => {
  if (name === "output.weight" || name === "output_norm.weight") values.fill(value);
};

const words = ["<unk>", "<s>", "</s>", ..."abcdefghijklmnopqrstuvwxyz".match(/./g)!];
const vocabulary = (tokens: readonly string[]) => ({
  "tokenizer.ggml.tokens": textList(tokens),
  "tokenizer.ggml.scores": floatList(tokens.map(() => 0)),
  "tokenizer.ggml.token_type": intList(tokens.map((_, id) => (id < 3 ? 3 : 1))),
});
const padded = [...words, ...Array.from({ length: 259 - words.length }, (_, id) => `word${id}`)];

it.each<[string, TinyChanges, RegExp]>([
  ["computes NaN", { weights: fill(NaN) }, /numbers that are none \(NaN or infinite\)/],
  ["computes infinity", { weights: fill(Infinity) }, /numbers that are none/],
  [
    "has no tokens of bytes",
    { metadata: vocabulary(padded) },
    /no token for the byte 0x00 and \d+ others/,
  ],
  [
    "has a token twice",
    { metadata: vocabulary(padded.with(-1, "a")) },
    /a vocabulary in which token 258 is there twice/,
  ],
  [
    "has an encoder's vocabulary",
    { metadata: { "tokenizer.ggml.model": text("bert") } },
    /vocabulary of an encoder/,
  ],
  [
    "states too many blocks",
    { metadata: { "llama.block_count": uint(100_000) } },
    /states 100000 blocks/,
  ],
  [
    "has a negative epsilon",
    { metadata: { "llama.attention.layer_norm_rms_epsilon": float(-1) } },
    /states -1 as attention.layer_norm_rms_epsilon/,
  ],
  [
    "has no number as an epsilon",
    { metadata: { "llama.attention.layer_norm_rms_epsilon": float(NaN) } },
    /states NaN as attention.layer_norm_rms_epsilon/,
  ],
  [
    "uses more experts than it has",
    { metadata: { "llama.expert_count": uint(2), "llama.expert_used_count": uint(3) } },
    /3 of 2 experts/,
  ],
  ["is an adapter", { metadata: { "general.type": text("adapter") } }, /is an adapter \(LoRA\)/],
  [
    "is an image encoder",
    { metadata: { "general.type": text("mmproj") } },
    /image encoder \(mmproj\)/,
  ],
])("a model that %s is refused in one line", async (_, changes, says) => {
  const error: unknown = await open(changes).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  expect((error as Error).message).toMatch(says);
  expect((error as Error).message).not.toContain("\n");
});

it("fails a call alone whose numbers are none, and serves its neighbour", async () => {
  // One token of the vocabulary leads to NaN, whatever comes after it.
  const engine = await open({
    weights: (name, values) => {
      if (name === "token_embd.weight") values.fill(NaN, 64 * 100, 64 * 101);
    },
  });
  const run = new Run(engine);
  const of = (token: number, sampling: Partial<Sampling>) =>
    jobFor(
      { kind: "token_ids", ids: Uint32Array.of(1, token) },
      { maxTokens: 4, ignoreEos: true, ...sampling },
    );
  // Chosen among a few, and among all.
  run.add(1, of(100, {}));
  run.add(2, of(100, { temperature: 1, topK: 0 }));
  run.add(3, of(101, {}));
  await run.until();
  for (const id of [1, 2]) {
    expect(run.events(id).at(-1)).toMatchObject({
      kind: "failed",
      error: { reason: "RESULT_NOT_FINITE" },
    });
  }
  expect(run.completion(3).result.usage.completionTokens).toBe(4);
  await engine.close();
});
