import { expect, it } from "vitest";
import { readyText } from "../../../src/cli/commands/serve/ready-text.ts";
import type { Interpreter } from "../../../src/catalog/interpreter.ts";
import type { ModelInfo } from "../../../src/engines/engine.ts";
import type { ModelStatus } from "../../../src/models/model.ts";
import { embeddingModel, generationModel } from "../../grpc/fake-models.ts";

/** A Python file that has said what it can do. */
const python = (from: Interpreter["from"], tasks: ModelInfo["tasks"]): ModelStatus =>
  generationModel({
    manifest: {
      task: undefined,
      engine: "/models/my_model.py",
      python: { command: "python3", from },
    },
    info: { tasks, libraries: [{ name: "python", version: "3.12.1" }] },
  });

const wordsOf = (said: string) => said.split("\n").map((line) => line.trim().split(/ {2,}/));

const shown = (...ready: ModelStatus[]) =>
  readyText({ address: "a", threads: 2, startMs: 1234, ready, failed: [] });

it.each([
  ["manifest", "python 3.12 (manifest)"],
  ["setting", "python 3.12 (--python)"],
  ["venv", "python 3.12 (.venv)"],
  ["default", "python 3.12 (python3)"],
] as const)("says which Python runs a model, and what chose it: %s", (from, engine) => {
  const embed = { dimensions: 4, pooling: "" };
  const said = shown(python(from, { generate: { chat: true }, embed }));
  expect(wordsOf(said)).toContainEqual(["story", "generate, embed", engine, "4", "2048 tokens"]);
});

it("suggests calls that the models can answer", () => {
  const embed = { dimensions: 4, pooling: "" };
  expect(shown(python("venv", { embed }))).toContain("EmbeddingService/Embed");
  expect(shown(python("venv", { embed }))).not.toContain("GenerationService");
  expect(shown(python("venv", { generate: { chat: true } }))).toContain("GenerateStream");
  const rerank = shown(python("venv", { rerank: {} }));
  expect(rerank).toContain('bin/inferd rerank --address a "a cat"');
  expect(rerank).toContain("a inferd.v1.RerankService/Rerank");
  expect(rerank).not.toContain("Embed");
  expect(shown()).not.toContain("Try it");
});

it.each([
  ["/models/engine", "program"],
  ["/models/engine.ts", "module"],
])("says of %s that it is a %s", (engine, kind) => {
  const failed = generationModel({
    state: "failed",
    manifest: { task: undefined, engine },
    info: { tasks: {} },
  });
  const rows = wordsOf(
    readyText({
      address: "a",
      threads: 2,
      startMs: 1,
      ready: [],
      failed: [{ ...failed, info: undefined }],
    }),
  );
  expect(rows).toContainEqual(["story", "-", kind, "-", "failed, see above"]);
});

it("says of each model how many jobs it takes at once and how long each may be, and which failed", () => {
  const said = readyText({
    address: "127.0.0.1:50051",
    threads: 2,
    startMs: 1234,
    ready: [generationModel({ manifest: { replicas: 2 } })],
    failed: [embeddingModel({ state: "failed" })],
  });
  const rows = wordsOf(said);
  expect(rows).toContainEqual(["model", "task", "engine", "slots", "context"]);
  expect(rows).toContainEqual(["story", "generate", "llama", "8", "2048 tokens"]);
  expect(rows).toContainEqual(["vectors", "embed", "onnx", "-", "failed, see above"]);
});
