import { expect, it } from "vitest";
import { openPermit } from "../../../src/auth/authorizer.ts";
import type { CallContext } from "../../../src/calls/call.ts";
import type { Task } from "../../../src/engines/engine.ts";
import type { ModelStatus } from "../../../src/models/model.ts";
import { meantModel } from "../../../src/models/resolve.ts";
import { modelLoaded } from "../../../src/services/model-access.ts";
import { allTasks } from "../../fixtures/fake-port.ts";
import { fakeModels, generationModel } from "../../grpc/fake-models.ts";

/** A model whose manifest states no task. */
const custom = (name: string, task?: Task): ModelStatus =>
  generationModel({
    manifest: { name, task: undefined },
    state: task === undefined ? "loading" : "ready",
    info: { tasks: task === undefined ? {} : { [task]: allTasks[task] } },
  });

function contextOf(): CallContext {
  const { signal } = new AbortController();
  return {
    method: "m",
    requestId: "r",
    traceparent: undefined,
    signal,
    abort: () => undefined,
    deadline: Infinity,
    arrivedAt: 0,
    peer: "127.0.0.1",
    caller: openPermit("127.0.0.1"),
    record: {},
  };
}

/** What a patient call without a model's name waits for, while models load one after the other. */
async function wait(loaded: Readonly<Record<string, Task>>) {
  let statuses = Object.keys(loaded).map((name) => custom(name));
  const waitedFor: string[] = [];
  const models = {
    ...fakeModels([]),
    choose: (name: string, task: Task) => meantModel({ name, task }, statuses, {}),
    loaded: (name: string) => {
      waitedFor.push(name);
      statuses = statuses.map((status) =>
        status.manifest.name === name ? custom(name, loaded[name]) : status,
      );
      return Promise.resolve(true);
    },
  };
  const context = contextOf();
  const hasWaited = await modelLoaded(context, models, {
    name: "",
    task: "generate",
    isWanted: true,
    user: "",
    priority: "interactive",
    tokens: () => 1,
  });
  return { waitedFor, hasWaited, model: context.record.model };
}

it("waits for one more where the first turns out to have another task", async () => {
  const waited = await wait({ vectors: "embed", writer: "generate" });
  expect(waited).toEqual({ waitedFor: ["vectors", "writer"], hasWaited: true, model: "writer" });
});

it("waits no longer than for the model that it means", async () => {
  const waited = await wait({ first: "generate", second: "embed" });
  expect(waited).toEqual({ waitedFor: ["first"], hasWaited: true, model: "first" });
});

it("learns where none of them has the task", async () => {
  const waited = wait({ one: "embed", other: "embed" });
  await expect(waited).rejects.toMatchObject({ reason: "MODEL_NOT_FOUND" });
});
