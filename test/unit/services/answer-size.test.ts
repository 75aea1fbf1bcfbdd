import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeEmbedResponse } from "../../../src/grpc/wire/embeddings.ts";
import { assertVectorsFit, embedAnswerBytes } from "../../../src/services/answer-size.ts";

const encodings = ["float32", "float16", "int8", "binary"] as const;

/** The largest answer that such a call can have. */
function largest(count: number, dimensions: number, encoding: (typeof encodings)[number]): number {
  const bytes = Math.ceil(
    dimensions * { float32: 4, float16: 2, int8: 1, binary: 1 / 8 }[encoding],
  );
  const values = {
    float32: { $case: "float32", value: { values: new Float32Array(dimensions) } },
    float16: { $case: "float16", value: new Uint8Array(bytes) },
    int8: { $case: "int8", value: { values: new Uint8Array(bytes), scale: 0.5 } },
    binary: { $case: "binary", value: new Uint8Array(bytes) },
  } as const;
  const embeddings = Array.from({ length: count }, (_, index) => ({
    ...{ index, value: values[encoding], tokenCount: 2 ** 32 - 1, truncated: true },
  }));
  const usage = { promptTokens: 2 ** 32 - 1, cachedPromptTokens: 0, completionTokens: 0 };
  const finish = { usage, timings: undefined, model: undefined, requestId: "" };
  return writeEmbedResponse({ embeddings, finish }).length;
}

describe("the foretold size of an answer", () => {
  it("is never less than the answer, and hardly more", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 2048, max: 4000 }),
        fc.constantFrom(...encodings),
        (count, dimensions, encoding) => {
          const foretold = embedAnswerBytes({ count, dimensions, encoding });
          const real = largest(count, dimensions, encoding);
          expect(foretold).toBeGreaterThanOrEqual(real);
          expect(foretold - real).toBeLessThanOrEqual(1024 + 16 * count);
        },
      ),
      { numRuns: 50 },
    );
  });
});

it.each([
  [1700, /: send at most 2 texts a call, ask for a smaller encoding, or use EmbedStream$/],
  [1400, /: send at most 1 text a call, ask/],
  [1100, /are sent: ask for a smaller encoding, or use EmbedStream$/],
])("advises what fits %i bytes, and fewer texts only where one does", (mostBytes, advice) => {
  const answer = { field: "inputs", count: 3, dimensions: 64, encoding: "float32" } as const;
  expect(() => assertVectorsFit(answer, mostBytes)).toThrow(advice);
});
