import { expect, it } from "vitest";
import { openPermit } from "../../../src/auth/authorizer.ts";
import type { CallContext } from "../../../src/calls/call.ts";
import type { ModelStatus } from "../../../src/models/model.ts";
import { serverHandlers } from "../../../src/services/server.ts";
import { fakeModels, generationModel, limits } from "../../grpc/fake-models.ts";

const { signal } = new AbortController();
const context: CallContext = {
  method: "inferd.v1.ServerService/GetServerInfo",
  requestId: "request-1",
  traceparent: undefined,
  signal,
  abort: () => undefined,
  deadline: Infinity,
  arrivedAt: 0,
  peer: "127.0.0.1:1",
  caller: openPermit("127.0.0.1"),
  record: {},
};

it("names the engines of the models that there are when it is asked", async () => {
  let models: readonly ModelStatus[] = [];
  const { getServerInfo } = serverHandlers({
    models: { ...fakeModels([]), list: () => models },
    limits,
    version: "1",
    build: "",
    engines: ["llama"],
    startedAtMs: 0,
  });
  const engines = async (): Promise<readonly string[]> => {
    for await (const { engines: all } of getServerInfo({}, context)) {
      return all.map(({ name, libraries }) =>
        [name, ...libraries.map(({ name: library, version }) => `${library} ${version}`)].join(" "),
      );
    }
    return [];
  };
  expect(await engines()).toEqual(["llama"]);
  const story = generationModel();
  const { manifest, info } = story;
  const custom: ModelStatus = { ...story, manifest: { ...manifest, engine: "./own.ts" } };
  models = [{ ...custom, info: undefined }];
  expect(await engines()).toEqual(["llama", "own.ts"]);
  models = [{ ...custom, info: info && { ...info, libraries: [{ name: "lib", version: "2" }] } }];
  expect(await engines()).toEqual(["llama", "own.ts lib 2"]);
  expect(await engines()).toEqual(["llama", "own.ts lib 2"]);
});
