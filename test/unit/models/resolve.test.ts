import { describe, expect, it } from "vitest";
import type { Task } from "../../../src/engines/engine.ts";
import type { ModelState, ModelStatus } from "../../../src/models/model.ts";
import { chooseModel } from "../../../src/models/resolve.ts";
import { allTasks, emptyInfo } from "../../fixtures/fake-port.ts";
import { scriptedManifest } from "../../fixtures/scripted-registry.ts";

function model(name: string, task: Task, state: ModelState = "ready"): ModelStatus {
  const ready = { ...emptyInfo, tasks: { [task]: allTasks[task] } };
  const info = state === "ready" ? ready : undefined;
  return { manifest: scriptedManifest({ name, task }), digest: "", state, failure: "", info };
}

/** A model whose manifest states no task: `info` says what it can do. */
function custom(name: string, state: ModelState, ...tasks: readonly Task[]): ModelStatus {
  const { info, ...known } = model(name, tasks[0] ?? "generate");
  const chosen = Object.fromEntries(tasks.map((task) => [task, allTasks[task]]));
  const loaded = { ...(info ?? emptyInfo), tasks: chosen };
  const manifest = scriptedManifest({ name, task: undefined });
  return { ...known, manifest, state, info: tasks.length === 0 ? undefined : loaded };
}

const writer = model("writer", "generate");
const poet = model("poet", "generate");
const mapper = model("mapper", "embed");

describe("the model that a request means", () => {
  it.each([
    { title: "the named one", name: "poet", models: [writer, poet], defaults: {}, chosen: "poet" },
    {
      title: "the task's only one",
      name: "",
      models: [writer, mapper],
      defaults: {},
      chosen: "writer",
    },
    {
      title: "the default",
      name: "",
      models: [writer, poet],
      defaults: { generate: "poet" },
      chosen: "poet",
    },
    {
      title: "the named one before the default",
      name: "writer",
      models: [writer, poet],
      defaults: { generate: "poet" },
      chosen: "writer",
    },
  ])("is $title", ({ name, models, defaults, chosen }) => {
    expect(chooseModel({ name, task: "generate" }, models, defaults).manifest.name).toBe(chosen);
  });

  it.each([
    { title: "an unknown name", name: "nobody", models: [writer], reason: "MODEL_NOT_FOUND" },
    { title: "no model of the task", name: "", models: [mapper], reason: "MODEL_NOT_FOUND" },
    { title: "several and no name", name: "", models: [writer, poet], reason: "MODEL_REQUIRED" },
    { title: "another task's model", name: "mapper", models: [mapper], reason: "WRONG_TASK" },
    {
      title: "one that loads",
      name: "",
      models: [model("a", "generate", "loading")],
      reason: "MODEL_NOT_READY",
    },
    {
      title: "one that failed",
      name: "a",
      models: [model("a", "generate", "failed")],
      reason: "MODEL_FAILED",
    },
    {
      title: "one that ends",
      name: "a",
      models: [model("a", "generate", "unloading")],
      reason: "SHUTTING_DOWN",
    },
    {
      title: "another task's model that loads",
      name: "a",
      models: [model("a", "embed", "loading")],
      reason: "WRONG_TASK",
    },
  ])("is refused with $reason: $title", ({ name, models, reason }) => {
    const choose = () => chooseModel({ name, task: "generate" }, models, {});
    expect(choose).toThrow(expect.objectContaining({ reason }));
  });

  it("is refused where the default is not there", () => {
    const choose = () => chooseModel({ name: "", task: "generate" }, [writer], { generate: "x" });
    expect(choose).toThrow(expect.objectContaining({ reason: "MODEL_NOT_FOUND" }));
  });

  it("may be any that can do the task, when it is named", () => {
    const tasks = { generate: { chat: false }, embed: { dimensions: 4, pooling: "" } };
    const both = { ...writer, info: { ...emptyInfo, tasks } };
    const { manifest } = chooseModel({ name: "writer", task: "embed" }, [both], {});
    expect(manifest.name).toBe("writer");
  });

  it.each([
    { title: "the only one that can", models: [custom("a", "ready", "embed", "generate"), mapper] },
    {
      title: "of a model that can and one that may, the first",
      models: [custom("b", "loading"), model("a", "generate")],
    },
    {
      title: "of a model that can and one that failed, the first",
      models: [custom("b", "failed"), model("a", "generate")],
    },
  ])("may have said itself what it can do: $title", ({ models }) => {
    expect(chooseModel({ name: "", task: "generate" }, models, {}).manifest.name).toBe("a");
  });

  it.each([
    {
      title: "one that may be meant and loads",
      models: [custom("a", "failed"), custom("b", "loading")],
      facts: { model: "b" },
      reason: "MODEL_NOT_READY",
    },
    {
      title: "one that may have been meant and failed",
      models: [custom("a", "failed")],
      facts: { model: "a" },
      reason: "MODEL_FAILED",
    },
    {
      title: "one that can and failed later",
      models: [custom("a", "failed", "generate")],
      facts: { model: "a" },
      reason: "MODEL_FAILED",
    },
    {
      title: "one that has said that it cannot",
      models: [custom("a", "ready", "embed")],
      facts: { task: "generate" },
      reason: "MODEL_NOT_FOUND",
    },
    {
      title: "two that can",
      models: [custom("a", "ready", "generate"), custom("b", "ready", "generate")],
      facts: { task: "generate", models: "a,b" },
      reason: "MODEL_REQUIRED",
    },
  ])("is refused with $reason without a name: $title", ({ models, facts, reason }) => {
    const choose = () => chooseModel({ name: "", task: "generate" }, models, {});
    expect(choose).toThrow(expect.objectContaining({ reason, facts }));
  });

  it.each([
    { state: "loading", tasks: [], reason: "MODEL_NOT_READY" },
    { state: "failed", tasks: [], reason: "MODEL_FAILED" },
    { state: "ready", tasks: ["embed"], reason: "WRONG_TASK" },
  ] as const)("is refused with $reason by its name: custom, $state", ({ state, tasks, reason }) => {
    const models = [custom("a", state, ...tasks)];
    const choose = () => chooseModel({ name: "a", task: "generate" }, models, {});
    expect(choose).toThrow(expect.objectContaining({ reason }));
  });

  it("names the choices where a name is required", () => {
    const choose = () => chooseModel({ name: "", task: "generate" }, [writer, poet], {});
    expect(choose).toThrow(
      expect.objectContaining({
        facts: { task: "generate", models: "writer,poet" },
        violations: [expect.objectContaining({ field: "model" })],
      }),
    );
  });
});
