/** Jobs that rank and classify, on a real worker. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ItemsJob } from "../../src/engines/engine.ts";
import type { ServingModel } from "../../src/models/model.ts";
import type { Registry } from "../../src/models/registry.ts";
import { classifyJob, collect, rerankJob } from "../fixtures/jobs.ts";
import {
  openScripted,
  reached,
  scriptedManifest,
  submission,
} from "../fixtures/scripted-registry.ts";

const labels = ["bad", "fair", "good"];
let registry: Registry;
let model: ServingModel;

beforeAll(async () => {
  registry = openScripted();
  registry.load(scriptedManifest({ task: "rerank", options: { labels, batch: 2 } }));
  await reached(registry, "scripted", "ready");
  model = registry.resolve("", "rerank");
});

afterAll(() => registry.close(0));

const itemsOf = async (job: ItemsJob, priority: "batch" | "interactive" = "interactive") =>
  (await collect(model.run(submission("", { job, priority })))).flatMap((event) =>
    event.kind === "items" ? event.items : [],
  );

it.each(["interactive", "batch"] as const)(
  "give each document a score, as %s",
  async (priority) => {
    const documents = ["a", "b", "fail INPUT_TOO_LONG", "a"];
    const items = await itemsOf(rerankJob("q", documents), priority);
    expect(items.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(items[2]?.error?.reason).toBe("INPUT_TOO_LONG");
    expect(items[0]?.value).toMatchObject({ kind: "score" });
    expect(items[3]?.value).toEqual(items[0]?.value);
  },
);

it("give each text a score for each label", async () => {
  const items = await itemsOf(classifyJob(["a", "b"]));
  expect(items).toHaveLength(2);
  for (const { value } of items) {
    expect(value?.kind === "labels" && value.scores).toHaveLength(labels.length);
  }
});

it("have a model that is known by its tasks", () => {
  expect(model.status.info?.tasks).toMatchObject({ classify: { labels }, rerank: {} });
  expect(() => registry.resolve("", "classify")).toThrow("no model that can classify");
  expect(registry.resolve("scripted", "classify").status).toBe(model.status);
});
