import koffi from "koffi";
import { expect, it } from "vitest";
import { Batch } from "../../src/engines/llama/batch.ts";
import { openLibrary } from "../../src/engines/llama/library.ts";
import { findLibrary } from "../../src/engines/llama/location.ts";
import { routeLog } from "../../src/engines/llama/log.ts";
import { Model } from "../../src/engines/llama/model.ts";
import { parseOptions } from "../../src/engines/llama/options.ts";
import { openTokenizer } from "../../src/engines/llama/tokenizer.ts";
import { modelPath } from "./llama-engine.ts";

const prompts = [
  "Once upon a time",
  "The old clock in the tower had stopped, and nobody in the town knew why. So Mara",
  "A fox and a crow met",
];

const files = findLibrary(undefined);
const library = openLibrary(files);
const host = { progress: () => undefined, log: () => undefined, now: () => 0, maxStepMs: 60_000 };
const log = routeLog(library, host.log);
library.start();
// The engine never looks at logits, so its bindings do not have this one.
const logitsAt = koffi
  .load(files.llama)
  .func("llama_get_logits_ith", "float *", ["void *", "int32_t"]) as (
  context: bigint,
  output: number,
) => bigint;

function withModel<T>(use: (model: Model) => T): T {
  const source = {
    name: "inferd-demo",
    files: { model: modelPath },
    chatTemplate: undefined,
    contextLength: undefined,
    maxSequences: undefined,
    options: {},
    threads: 1,
  };
  const sequences = prompts.length;
  const options = parseOptions({});
  const model = new Model(library, { source, options, sequences, host, log });
  try {
    return use(model);
  } finally {
    model.close();
  }
}

/** Computes prompts in one step, one sequence each, and returns the logits after each one's end. */
function logitsOf(texts: readonly string[]): readonly Float32Array[] {
  return withModel((model) => {
    const tokenizer = openTokenizer(library, model.vocab);
    const batch = new Batch(256, prompts.length);
    const places = texts.map((text, sequence) => {
      const tokens = tokenizer.tokenize(text, { addSpecial: true, parseSpecial: false });
      return batch.add(tokens, { sequence, position: 0, output: true });
    });
    expect(model.decode(batch.struct)).toBe(0);
    return places.map((place) => {
      const pointer = logitsAt(model.context, place);
      return Float32Array.from(
        koffi.decode(pointer, "float", tokenizer.vocabularySize) as number[],
      );
    });
  });
}

it("gives a sequence in a batch the logits that it has alone, within float tolerance", () => {
  const together = logitsOf(prompts);
  for (const [index, prompt] of prompts.entries()) {
    const [alone] = logitsOf([prompt]);
    const beside = together[index];
    const spread = Math.max(...alone!) - Math.min(...alone!);
    const furthest = Math.max(...alone!.map((logit, token) => Math.abs(logit - beside![token]!)));
    // Attention sums in another order, and weights are 8-bit: a thousandth of the logits' range.
    expect(furthest / spread).toBeLessThan(0.001);
  }
});

it("would notice another sequence's tokens", () => {
  const [first] = logitsOf([prompts[0]!]);
  const [second] = logitsOf([prompts[1]!]);
  const furthest = Math.max(...first!.map((logit, token) => Math.abs(logit - second![token]!)));
  expect(furthest).toBeGreaterThan(1);
});
