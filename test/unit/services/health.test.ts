import { expect, it } from "vitest";
import type { ModelStatus } from "../../../src/models/model.ts";
import { healthOf, tellHealth } from "../../../src/services/health.ts";
import { embeddingModel, generationModel } from "../../grpc/fake-models.ts";

const generation = "inferd.v1.GenerationService";
const embedding = "inferd.v1.EmbeddingService";
const tokenization = "inferd.v1.TokenizationService";
const scoring = ["inferd.v1.RerankService", "inferd.v1.ClassificationService"];
const services = [generation, embedding, ...scoring, tokenization];
const always = ["inferd.v1.ModelService", "inferd.v1.ServerService", "liveness"];

const serving = (models: readonly ModelStatus[]): string[] =>
  Array.from(healthOf(models))
    .filter(([, serves]) => serves)
    .map(([name]) => name)
    .sort();

const cases: [string, readonly ModelStatus[], string[]][] = [
  ["no model", [], ["", "readiness", "startup"]],
  ["a model that loads", [generationModel({ state: "loading" })], []],
  [
    "one model ready and one that loads",
    [generationModel(), embeddingModel({ state: "loading" })],
    [generation, tokenization, "model:story"],
  ],
  [
    "both ready",
    [generationModel(), embeddingModel()],
    [
      "",
      embedding,
      generation,
      tokenization,
      "model:story",
      "model:vectors",
      "readiness",
      "startup",
    ],
  ],
  [
    "one ready and one that failed",
    [generationModel({ state: "failed" }), embeddingModel()],
    ["", embedding, tokenization, "model:vectors", "readiness", "startup"],
  ],
  ["only one that failed", [generationModel({ state: "failed" })], ["startup"]],
  ["only one that goes", [generationModel({ state: "unloading" })], ["startup"]],
  [
    "one that was ready and loads anew",
    [{ ...generationModel(), state: "loading" }, embeddingModel()],
    ["", embedding, tokenization, "model:vectors", "readiness", "startup"],
  ],
];

it.each(cases)("with %s, the right names serve", (_, models, expected) => {
  expect(serving(models)).toEqual([...expected, ...always].sort());
});

it("stays ready while a model loads that was added to a server that has started", () => {
  const models = [generationModel(), embeddingModel({ state: "loading" })];
  const health = healthOf(models, { hasStarted: true });
  for (const name of ["", "readiness", "startup"]) expect(health.get(name)).toBe(true);
});

it("names every name whatever its state", () => {
  const names = Array.from(healthOf([generationModel({ state: "loading" })]).keys());
  expect(names.sort()).toEqual(
    ["", "readiness", "startup", "model:story", ...services, ...always].sort(),
  );
});

it("forgets a model that has gone", () => {
  let change = (): void => undefined;
  let models = [generationModel(), embeddingModel()];
  const told = new Map<string, boolean>();
  tellHealth(
    {
      list: () => models,
      onChange: (listener) => {
        change = () => listener(embeddingModel());
        return () => undefined;
      },
    },
    { set: (name, serves) => told.set(name, serves), forget: (name) => told.delete(name) },
  );
  models = [embeddingModel()];
  change();
  expect(told.has("model:story")).toBe(false);
  expect(told.get("model:vectors")).toBe(true);
});
