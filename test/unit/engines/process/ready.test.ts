import { describe, expect, it } from "vitest";
import type { ModelSource } from "../../../../src/engines/engine.ts";
import { readyOf } from "../../../../src/engines/process/ready.ts";

const source: ModelSource = {
  name: "m",
  files: {},
  chatTemplate: undefined,
  contextLength: undefined,
  maxSequences: undefined,
  options: {},
  threads: 1,
};
const embed = { dimensions: 3, max_batch: 8, max_batch_bytes: 100, concurrency: 2 };
const ready = (tasks: unknown, more: Readonly<Record<string, unknown>> = {}) =>
  readyOf({ type: "ready", protocol: 1, tasks, ...more }, source);

describe("what a program says of itself", () => {
  it("becomes what is known of the model", () => {
    const libraries = [{ name: "python", version: "3.11.7" }];
    const { info, generate } = ready(
      { generate: { concurrency: 5, chat: false }, embed },
      { libraries, context_length: 100, license: "MIT" },
    );
    expect(info).toEqual({
      tasks: { generate: { chat: false }, embed: { dimensions: 3, pooling: "" } },
      contextLength: 100,
      vocabularySize: 0,
      license: "MIT",
      slots: 5 + 2 * 8 * 2,
      libraries,
    });
    expect(generate).toEqual({ concurrency: 5, chat: false });
  });

  it("can rank and classify", () => {
    const labels = ["good", "bad"];
    const { info, texts } = ready({
      rerank: { max_batch: 4 },
      classify: { labels, multi_label: true, pairs: true, concurrency: 2 },
    });
    expect(info.tasks).toEqual({ rerank: {}, classify: { labels, multiLabel: true } });
    expect(texts).toMatchObject([
      { task: "rerank", numbers: 1, pairs: true, maxTexts: 4 },
      { task: "classify", numbers: 2, pairs: true, concurrency: 2 },
    ]);
    expect(info.slots).toBe(2 * 4 + 2 * 32 * 2);
    expect(ready({ classify: { labels } }).texts).toMatchObject([{ pairs: false }]);
  });

  it("has defaults, and the manifest's limits go first", () => {
    const { info, generate, texts } = ready({ generate: {}, embed: { dimensions: 3 } });
    expect(generate).toEqual({ concurrency: 16, chat: true });
    const usual = { maxTexts: 32, maxBytes: 65_536, concurrency: 1 };
    expect(texts).toEqual([{ task: "embed", numbers: 3, pairs: false, ...usual }]);
    expect(info.slots).toBe(16 + 64);
    const limited = readyOf(
      { type: "ready", protocol: 1, tasks: { generate: {} }, context_length: 100 },
      { ...source, maxSequences: 2, contextLength: 50 },
    );
    expect(limited.info).toMatchObject({ slots: 2, contextLength: 50 });
  });

  it.each([
    ["embed's dimensions", { embed: {} }, /tasks.embed.dimensions must be a whole number/],
    ["a batch size", { embed: { ...embed, max_batch: -1 } }, /tasks.embed.max_batch must be/],
    ["a concurrency", { generate: { concurrency: 1e9 } }, /tasks.generate.concurrency must be/],
    ["a batch's vectors", { embed: { ...embed, dimensions: 65_536, max_batch: 65_536 } }, /frame/],
    ["its tasks", { translate: {} }, /none of the tasks generate, embed, rerank, classify/],
    ["its tasks", undefined, /none of the tasks/],
    ["no labels", { classify: {} }, /tasks.classify.labels must be from 1 to/],
    ["a label that is no text", { classify: { labels: ["a", 1] } }, /tasks.classify.labels/],
    ["an empty label", { classify: { labels: ["a", ""] } }, /tasks.classify.labels/],
    ["a label twice", { classify: { labels: ["a", "a"] } }, /tasks.classify.labels/],
    ["a long label", { classify: { labels: ["a".repeat(201)] } }, /tasks.classify.labels/],
    ["a batch of documents", { rerank: { max_batch: 0 } }, /tasks.rerank.max_batch must be/],
  ])("is refused for %s", (_, tasks, message) => {
    expect(() => ready(tasks)).toThrow(message);
  });
});
