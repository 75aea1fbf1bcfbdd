import { expect, it } from "vitest";
import { readyText } from "../../../src/cli/commands/serve/ready-text.ts";
import { embeddingModel, generationModel } from "../../grpc/fake-models.ts";

it("says of each model how many jobs it takes at once and how long each may be, and which failed", () => {
  const said = readyText({
    address: "127.0.0.1:50051",
    threads: 2,
    startMs: 1234,
    ready: [generationModel({ manifest: { replicas: 2 } })],
    failed: [embeddingModel({ state: "failed" })],
  });
  const rows = said.split("\n").map((line) => line.trim().split(/ {2,}/));
  expect(rows).toContainEqual(["model", "task", "engine", "slots", "context"]);
  expect(rows).toContainEqual(["story", "generate", "llama", "8", "2048 tokens"]);
  expect(rows).toContainEqual(["vectors", "embed", "onnx", "-", "failed, see above"]);
});
