import { expect, it } from "vitest";
import { embeddingRate } from "../../../bench/load/embedding.ts";

it.each([1, 8])("counts the texts of all of %i callers", async (callers) => {
  let embedded = 0;
  const target = {
    embed: async (texts: readonly string[]) => {
      await new Promise(setImmediate);
      embedded += texts.length;
      return texts.map(() => []);
    },
    close: () => undefined,
  };
  const texts = ["a", "b", "c", "d"];
  const startMs = performance.now();
  const rate = await embeddingRate(target, { texts, batch: 2, callers, durationMs: 20 });
  // What it took as a whole is no less than what the rate was taken over.
  const seconds = (performance.now() - startMs) / 1000;
  expect(Math.round(rate * seconds)).toBeGreaterThanOrEqual(embedded);
});
