import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Job } from "../../../src/engines/engine.ts";
import {
  queueEstimate,
  queuePromptEstimate,
  quotaEstimate,
} from "../../../src/jobs/token-estimates.ts";
import { classifyJob, embedJob, generateJob, rerankJob, sampling } from "../../fixtures/jobs.ts";

const ids = generateJob("", { input: { kind: "token_ids", ids: Uint32Array.of(1, 2) } });
const chat = generateJob("", {
  input: {
    kind: "chat",
    messages: [
      { role: "user", content: "hey" },
      { role: "assistant", content: "hello" },
    ],
  },
});
const cases: readonly (readonly [string, Job, number, number])[] = [
  ["a prompt by its bytes", generateJob("nétto"), 8, 2],
  ["token ids as they are", ids, 2, 2],
  ["a chat by its messages", chat, 26, 3],
  ["texts by their bytes, empty ones too", embedJob(["ab", ""]), 6, 1],
  ["texts as token ids", embedJob([Uint32Array.of(7), Uint32Array.of(8, 9)]), 3, 3],
  ["a query as often as it is read", rerankJob("abcd", ["ab", ""]), 18, 3],
  ["pairs, where there are some", classifyJob(["ab", "c"], { pairs: ["d", undefined] }), 10, 3],
];

describe("what a queue counts for a job", () => {
  it.each(cases)("counts %s", (_, job, promptTokens) => {
    expect(queueEstimate(job, 100).promptTokens).toBe(promptTokens);
    expect(queuePromptEstimate(job)).toBe(promptTokens);
  });

  it("counts what may be generated, up to the context", () => {
    const job = generateJob("abc", { sampling: { ...sampling, maxTokens: 30 } });
    expect(queueEstimate(job, 100)).toEqual({ promptTokens: 5, tokens: 35 });
    expect(queueEstimate(job, 10)).toEqual({ promptTokens: 5, tokens: 15 });
    expect(queueEstimate(embedJob(["abc"]), 10)).toEqual({ promptTokens: 5, tokens: 5 });
  });

  it("is never below a text's bytes: it bounds memory", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const { tokens } = queueEstimate(embedJob([text]), 1);
        expect(tokens).toBeGreaterThanOrEqual(Buffer.byteLength(text));
      }),
    );
  });
});

describe("what a quota must have left for a job", () => {
  it.each(cases)("counts %s, four to a token", (_, job, __, promptTokens) => {
    expect(quotaEstimate(job).promptTokens).toBe(promptTokens);
  });

  it("counts all that may be generated, whatever the context", () => {
    const job = generateJob("abc", { sampling: { ...sampling, maxTokens: 30 } });
    expect(quotaEstimate(job)).toEqual({ promptTokens: 1, tokens: 31 });
    expect(quotaEstimate(embedJob(["abc"]))).toEqual({ promptTokens: 1, tokens: 1 });
  });
});
