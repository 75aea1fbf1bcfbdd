/** What a worker answers of a text that its model cannot compute, in every encoding. */
import { afterAll, afterEach, beforeEach, expect, it } from "vitest";
import { join } from "node:path";
import type { Registry } from "../../src/models/registry.ts";
import { makeFolder, removeFolders } from "../fixtures/encoder-folders.ts";
import { collect, embedJob } from "../fixtures/jobs.ts";
import { onnxModel } from "../fixtures/onnx-bytes.ts";
import {
  openScripted,
  reached,
  scriptedManifest,
  submission,
} from "../fixtures/scripted-registry.ts";

let registry: Registry;

beforeEach(() => {
  registry = openScripted();
});

afterEach(() => registry.close(0));
afterAll(removeFolders);

/** Looks tokens up; those from the 40th on are no numbers. */
const graph = onnxModel({
  nodes: [{ type: "Gather", inputs: ["table", "input_ids"], output: "last_hidden_state" }],
  weights: {
    table: {
      shape: [200, 2],
      values: Float32Array.from({ length: 400 }, (_, at) => (at < 80 ? at + 1 : NaN)),
    },
  },
  inputs: ["input_ids", "attention_mask"],
  output: { name: "last_hidden_state", shape: ["batch", "sequence", 2] },
});

it("is an error of that text alone, and its worker lives", async () => {
  const folder = makeFolder({
    base: "bert",
    graph,
    files: {
      "1_Pooling/config.json": { json: { pooling_mode: "mean" } },
      "config.json": { json: { max_position_embeddings: 32 } },
    },
  });
  const path = join(folder, "model.onnx");
  const files = { model: { path, sha256: undefined } };
  registry.load(scriptedManifest({ name: "numbers", task: "embed", engine: "onnx", files }));
  await reached(registry, "numbers", "ready");
  const pids = registry.pidsOf("numbers");
  for (const encoding of ["float32", "float16", "int8"] as const) {
    const events = await collect(
      registry.resolve("numbers", "embed").run({
        ...submission(""),
        job: embedJob(["a", "A Z", "b"], {
          output: { normalize: true, dimensions: undefined, encoding },
        }),
      }),
    );
    const items = events.flatMap((event) => (event.kind === "items" ? event.items : []));
    const reasons = items.toSorted((a, b) => a.index - b.index).map(({ error }) => error?.reason);
    expect(reasons).toEqual([undefined, "RESULT_NOT_FINITE", undefined]);
    expect(events.at(-1)?.kind).toBe("finish");
  }
  expect(registry.pidsOf("numbers")).toEqual(pids);
});
