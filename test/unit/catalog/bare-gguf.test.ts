import { join } from "node:path";
import { expect, it } from "vitest";
import { bareGguf } from "../../../src/catalog/without-manifest.ts";

const fixtures = join(import.meta.dirname, "../../fixtures");

it.each([
  ["../../models/inferd-demo/model", "generate"],
  ["embedders/qwen3-last", "embed"],
  ["gguf-scorers/roberta-1", "rerank"],
  ["gguf-scorers/roberta-3", "classify"],
  ["gguf-scorers/qwen3-reranker", "rerank"],
  ["there-is-none", "generate"],
])("a file without a manifest, %s, has the task %s", (name, task) => {
  expect(bareGguf(join(fixtures, `${name}.gguf`)).task).toBe(task);
});
