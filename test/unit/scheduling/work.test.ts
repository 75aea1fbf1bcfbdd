import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { workOf } from "../../../src/scheduling/work.ts";
import { embedJob, generateJob, sampling } from "../../fixtures/jobs.ts";

describe("a job's cost", () => {
  it.each([
    ["a prompt by its bytes", generateJob("né"), 5],
    [
      "token ids as they are",
      generateJob("", { input: { kind: "token_ids", ids: Uint32Array.of(1, 2) } }),
      2,
    ],
    [
      "a chat by its messages",
      generateJob("", { input: { kind: "chat", messages: [{ role: "user", content: "hey" }] } }),
      13,
    ],
    ["texts by their bytes, empty ones too", embedJob(["ab", ""]), 6],
  ])("counts %s", (_, job, promptTokens) => {
    expect(workOf(job, 100).promptTokens).toBe(promptTokens);
  });

  it("counts what may be generated, up to the context", () => {
    const job = generateJob("abc", { sampling: { ...sampling, maxTokens: 30 } });
    expect(workOf(job, 100)).toEqual({ promptTokens: 5, tokens: 35 });
    expect(workOf(job, 10)).toEqual({ promptTokens: 5, tokens: 15 });
  });

  it("is never below a text's bytes: it bounds memory", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(workOf(embedJob([text]), 1).tokens).toBeGreaterThanOrEqual(Buffer.byteLength(text));
      }),
    );
  });
});
