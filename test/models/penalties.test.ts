import koffi from "koffi";
import { beforeAll, describe, expect, it } from "vitest";
import type { Sampling } from "../../src/engines/engine.ts";
import { openLibrary } from "../../src/engines/llama/library.ts";
import { findLibrary } from "../../src/engines/llama/location.ts";
import { penalises, Penalties } from "../../src/engines/llama/penalties.ts";
import { seededRandom, wholeBetween } from "../../bench/lib/random.ts";
import { greedy } from "./llama-engine.ts";

const vocabulary = 50;
const contextLength = 2048;
const pointer = "void *";

/** llama.cpp's own, on a vocabulary of fifty. */
let library: (sampling: Sampling, tokens: readonly number[], logits: Float32Array) => Float32Array;

beforeAll(() => {
  const files = findLibrary(undefined);
  openLibrary(files);
  const handle = koffi.load(files.llama);
  const f = (name: string, result: string, types: string[]) =>
    handle.func(`llama_sampler_${name}`, result, types) as (...values: unknown[]) => unknown;
  const penalties = f("init_penalties", pointer, ["int", "int", "float", "float", "float"]);
  const accept = f("accept", "void", [pointer, "int"]);
  const apply = f("apply", "void", [pointer, pointer]);
  const free = f("free", "void", [pointer]);
  library = (sampling, tokens, logits) => {
    const { penaltyLastN, repetitionPenalty, frequencyPenalty, presencePenalty } = sampling;
    const sampler = penalties(
      ...[vocabulary, penaltyLastN, repetitionPenalty, frequencyPenalty, presencePenalty],
    );
    for (const token of tokens) accept(sampler, token);
    // `llama_token_data`: an id, a logit, a probability.
    const entries = new Float32Array(vocabulary * 3);
    const ids = new Int32Array(entries.buffer);
    logits.forEach((logit, id) => {
      ids[id * 3] = id;
      entries[id * 3 + 1] = logit;
    });
    const list = new BigInt64Array([koffi.address(entries), BigInt(vocabulary), -1n, 0n]);
    apply(sampler, koffi.address(list));
    free(sampler);
    return logits.map((_, id) => entries[id * 3 + 1] ?? NaN);
  };
});

describe("penalties", () => {
  it.each<[string, Partial<Sampling>]>([
    ["repetition", { repetitionPenalty: 1.1 }],
    ["repetition below one", { repetitionPenalty: 0.7 }],
    ["presence", { presencePenalty: 0.3 }],
    ["frequency", { frequencyPenalty: -0.2 }],
    ["all in a short window", { ...all(), penaltyLastN: 5 }],
    ["all in a long window", { ...all(), penaltyLastN: 500 }],
  ])("of %s are llama.cpp's, to the last bit", (_, part) => {
    const sampling = { ...greedy, ...part };
    for (let seed = 1; seed <= 50; seed += 1) {
      const random = seededRandom(seed);
      const logits = new Float32Array(vocabulary).map(() => (random() - 0.5) * 20);
      const count = wholeBetween(random, 0, 40);
      const tokens = Array.from({ length: count }, () => wholeBetween(random, 0, vocabulary - 1));
      const penalties = new Penalties(sampling, contextLength);
      for (const token of tokens) penalties.accept(token);
      const ours = logits.slice();
      penalties.apply(ours);
      expect(ours).toEqual(library(sampling, tokens, logits));
    }
  });

  it("look no further back than the context is long", () => {
    const penalties = new Penalties({ ...greedy, ...all(), penaltyLastN: 1e9 }, 2);
    penalties.read(Int32Array.of(0, 1, 2));
    penalties.accept(3);
    const logits = new Float32Array(4).fill(1);
    penalties.apply(logits);
    expect([...logits].map((logit) => logit !== 1)).toEqual([false, false, true, true]);
  });
});

describe("penalises", () => {
  it.each<[string, Partial<Sampling>]>([
    ["repetition", { repetitionPenalty: 1.1 }],
    ["presence", { presencePenalty: -0.1 }],
    ["frequency", { frequencyPenalty: 0.1 }],
  ])("for %s alone, unless its window is zero", (_, part) => {
    expect(penalises(greedy)).toBe(false);
    expect(penalises({ ...greedy, ...part })).toBe(true);
    expect(penalises({ ...greedy, ...part, penaltyLastN: 0 })).toBe(false);
  });
});

function all(): Partial<Sampling> {
  return { repetitionPenalty: 1.3, frequencyPenalty: 0.21, presencePenalty: 0.37 };
}
