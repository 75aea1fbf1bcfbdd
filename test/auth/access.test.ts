/** What a caller can reach through a real port: by each scope, by model, by quota. */
import { readFileSync } from "node:fs";
import { connect, type ClientHttp2Session } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { ServeError } from "../../src/base/errors.ts";
import type { Log, LogFields } from "../../src/base/log.ts";
import { silentLog } from "../../src/base/log.ts";
import { methods as contract } from "../../src/contract/methods.ts";
import { type Scope, scopes } from "../../src/contract/scopes.ts";
import { doorkeeperFor, keyMeans, makeKey } from "../fixtures/access.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import { addAll, embeddingModel, fakeModels, generationModel, story } from "../grpc/fake-models.ts";
import { deferred, detailsOf, type Running, start } from "../grpc/support.ts";
import { GenerateRequest, GenerateResponse } from "../../gen/inferd/v1/generation_service.ts";
import { ListModelsResponse } from "../../gen/inferd/v1/model_service.ts";
import { Priority } from "../../gen/inferd/v1/types.ts";
import type { Authorizer } from "../../src/auth/authorizer.ts";
import type { Submission } from "../../src/jobs/submission.ts";
import type { Models } from "../../src/models/model.ts";

const set = fromBinary(FileDescriptorSetSchema, readFileSync("gen/fds.binpb"));
const methods = set.file.flatMap((file) =>
  file.service.flatMap(({ name, method }) =>
    method.map((each) => `${file.package}.${name}/${each.name}`),
  ),
);
const needOf = (method: string) => contract.get(method)?.needs;
const own = methods.filter((method) => method.startsWith("inferd."));

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(authorizer: Authorizer, models: Models = fakeModels([generationModel()])) {
  const running: Running = await start((server) => addAll(server, models), { authorizer });
  const client = new Client(running.address, credentials.createInsecure());
  closing.push(running.stop, () => client.close());
  return { ...running, client };
}

interface Outcome {
  readonly bytes: Buffer | undefined;
  readonly error: ServiceError | undefined;
}

/** Calls any method as a stream of one request. */
function call(
  client: Client,
  method: string,
  key?: string,
  request = Buffer.alloc(0),
): Promise<Outcome> {
  const metadata = new Metadata();
  if (key !== undefined) metadata.set("x-api-key", key);
  const same = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    let bytes: Buffer | undefined;
    const stream = client.makeBidiStreamRequest(`/${method}`, same, same, metadata);
    stream.on("data", (data: Buffer) => (bytes ??= data));
    stream.on("error", (error: ServiceError) => resolve({ bytes, error }));
    stream.on("end", () => resolve({ bytes, error: undefined }));
    stream.write(request);
    stream.end();
  });
}

const reasonOf = ({ error }: Outcome): string | undefined => detailsOf(error)?.reason;

it("has a row for every method of the contract", () => {
  expect(methods.filter((method) => needOf(method) === undefined)).toEqual([]);
});

it("leaves nothing of inferd's own open", () => {
  const open = own.filter((method) => !scopes.some((scope) => scope === needOf(method)));
  expect(open).toEqual([]);
});

describe.each(own)("%s", (method) => {
  const needed = needOf(method) as Scope;
  const others = makeKey({ id: "others", scopes: scopes.filter((scope) => scope !== needed) });
  const enough = makeKey({ id: "enough", scopes: [needed] });
  const authorizer = () => doorkeeperFor({ sources: keyMeans([others.record, enough.record]) });

  it("CVE-2026-41523 (vLLM, a check that went away): cannot be reached without a credential", async () => {
    const { client } = await serve(authorizer());
    const outcome = await call(client, method);
    expect(reasonOf(outcome)).toBe("NO_CREDENTIAL");
    expect(outcome.error?.code).toBe(status.UNAUTHENTICATED);
  });

  it("cannot be reached with every scope but its own", async () => {
    const { client } = await serve(authorizer());
    const outcome = await call(client, method, others.text);
    expect(reasonOf(outcome)).toBe("NOT_ALLOWED");
    expect(outcome.error?.code).toBe(status.PERMISSION_DENIED);
  });

  it("can be reached with its scope alone", async () => {
    const { client } = await serve(authorizer());
    const outcome = await call(client, method, enough.text);
    expect(["NOT_ALLOWED", "NO_CREDENTIAL", "CREDENTIAL_INVALID"]).not.toContain(reasonOf(outcome));
  });
});

it.each([
  "/inferd.v1.ModelService/ListModels",
  "inferd.v1.ModelService/ListModels/",
  "inferd.v1.ModelService/ListModels?x",
  "inferd.v1.ModelService/listModels",
  "inferd.v1.ModelService/%4cistModels",
  "grpc.health.v1.Health/../inferd.v1.ModelService/ListModels",
])(
  "CVE-2026-48746 (vLLM, a path that the check does not know): /%s reaches nothing",
  async (path) => {
    const { client } = await serve(doorkeeperFor({}));
    const { bytes, error } = await call(client, path);
    expect(bytes).toBeUndefined();
    expect(error?.code).not.toBe(status.OK);
    expect(["METHOD_UNKNOWN", "NO_CREDENTIAL", "NOT_ALLOWED"]).toContain(detailsOf(error)?.reason);
  },
);

it("refuses a method that has no row, also to who has every scope, and where nobody is asked", async () => {
  const key = makeKey();
  for (const sources of [keyMeans([key.record]), undefined]) {
    const authorizer = doorkeeperFor({ sources });
    const arrival = { method: "inferd.v1.ModelService/DropModel", host: "h", apiKey: key.text };
    await expect(authorizer.admit(arrival)).rejects.toMatchObject({ reason: "NOT_ALLOWED" });
  }
});

it("answers health without a credential, also beside a bad one", async () => {
  const { client } = await serve(doorkeeperFor({}));
  expect((await call(client, "grpc.health.v1.Health/List")).error).toBeUndefined();
  expect((await call(client, "grpc.health.v1.Health/List", "bad")).error).toBeUndefined();
});

describe.each(["v1", "v1alpha"])("reflection %s", (version) => {
  const reflect = `grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  // list_services: "*"
  const question = Buffer.from([0x3a, 1, 0x2a]);

  it("asks for server.read where it is scoped", async () => {
    const reader = makeKey({ id: "reader", scopes: ["server.read"] });
    const writer = makeKey({ id: "writer", scopes: ["generate"] });
    const { client } = await serve(
      doorkeeperFor({ sources: keyMeans([reader.record, writer.record]) }),
    );
    expect(reasonOf(await call(client, reflect))).toBe("NO_CREDENTIAL");
    expect(reasonOf(await call(client, reflect, writer.text, question))).toBe("NOT_ALLOWED");
    expect((await call(client, reflect, reader.text, question)).error).toBeUndefined();
  });

  it("asks nobody where it is open", async () => {
    const { client } = await serve(doorkeeperFor({ isReflectionOpen: true }));
    expect((await call(client, reflect, undefined, question)).error).toBeUndefined();
  });

  it("is not there where it is off", async () => {
    const running = await start(() => undefined, { reflection: "off" });
    const client = new Client(running.address, credentials.createInsecure());
    closing.push(running.stop, () => client.close());
    expect((await call(client, reflect)).error?.code).toBe(status.UNIMPLEMENTED);
  });
});

it("refuses a stranger before it reads the request", async () => {
  let messages = 0;
  const authorizer = doorkeeperFor({});
  const running = await start((server) => addAll(server, fakeModels([generationModel()])), {
    authorizer,
    maxMessageBytes: 4 * 1024 * 1024,
  });
  const session: ClientHttp2Session = connect(`http://${running.address}`);
  closing.push(running.stop, () => session.destroy());
  const stream = session.request({
    ":method": "POST",
    ":path": "/inferd.v1.GenerationService/Generate",
    "content-type": "application/grpc",
    te: "trailers",
  });
  const headers = deferred<Record<string, unknown>>();
  stream.on("response", (given) => headers.resolve(given));
  // Not one byte of the body is sent, and no end of it either: the answer waits for neither.
  expect((await headers.promise)["grpc-status"]).toBe(String(status.UNAUTHENTICATED));
  stream.on("data", () => (messages += 1));
  stream.close();
  expect(messages).toBe(0);
});

describe("a key for some models", () => {
  const models = fakeModels([
    generationModel(),
    generationModel({ manifest: { name: "secret-story" } }),
    embeddingModel(),
  ]);
  const key = makeKey({ models: ["story"] });
  const authorizer = () => doorkeeperFor({ sources: keyMeans([key.record]) });
  const ask = (model: string) =>
    Buffer.from(
      GenerateRequest.encode(
        GenerateRequest.fromPartial({ model, input: { $case: "prompt", value: "hi" } }),
      ).finish(),
    );

  it("sees and uses these", async () => {
    const { client } = await serve(authorizer(), models);
    const { bytes } = await call(client, "inferd.v1.ModelService/ListModels", key.text);
    expect(ListModelsResponse.decode(bytes!).models.map(({ name }) => name)).toEqual(["story"]);
    for (const model of ["story", ""]) {
      const done = await call(client, "inferd.v1.GenerationService/Generate", key.text, ask(model));
      expect(GenerateResponse.decode(done.bytes!).text).toBe("Once upon");
    }
  });

  it.each(["secret-story", "no-such-model"])(
    "is refused %s, and not told whether it is there",
    async (model) => {
      const { client } = await serve(authorizer(), models);
      const generate = "inferd.v1.GenerationService/Generate";
      expect(reasonOf(await call(client, generate, key.text, ask(model)))).toBe("NOT_ALLOWED");
      // GetModelRequest.name and EmbedRequest.model are field 1 too.
      const name = Buffer.from([0x0a, model.length, ...Buffer.from(model)]);
      expect(reasonOf(await call(client, "inferd.v1.ModelService/GetModel", key.text, name))).toBe(
        "NOT_ALLOWED",
      );
    },
  );

  it("is refused a default that it may not use", async () => {
    const { client } = await serve(authorizer(), models);
    // inputs: ["hi"]
    const inputs = Buffer.from([0x12, 2, 0x68, 0x69]);
    const outcome = await call(client, "inferd.v1.EmbeddingService/Embed", key.text, inputs);
    expect(reasonOf(outcome)).toBe("NOT_ALLOWED");
  });
});

it("makes batch jobs of all calls of a key that may have no others", async () => {
  const asked: Submission[] = [];
  const background = makeKey({ id: "key_background", priority: "batch" });
  const plain = makeKey({ id: "key_plain" });
  const authorizer = doorkeeperFor({ sources: keyMeans([background.record, plain.record]) });
  const { client } = await serve(
    authorizer,
    fakeModels([generationModel()], story(undefined, asked)),
  );
  const ask = (key: string, priority: Priority): Promise<Outcome> => {
    const request = GenerateRequest.fromPartial({
      input: { $case: "prompt", value: "x" },
      call: { priority },
    });
    const bytes = Buffer.from(GenerateRequest.encode(request).finish());
    return call(client, "inferd.v1.GenerationService/Generate", key, bytes);
  };
  await ask(background.text, Priority.INTERACTIVE);
  await ask(background.text, Priority.UNSPECIFIED);
  await ask(plain.text, Priority.UNSPECIFIED);
  await ask(plain.text, Priority.BATCH);
  const priorities = asked.map(({ priority }) => priority);
  expect(priorities).toEqual(["batch", "batch", "interactive", "batch"]);
});

describe("a quota", () => {
  const generate = "inferd.v1.GenerationService/Generate";
  const request = Buffer.from(
    GenerateRequest.encode(
      GenerateRequest.fromPartial({
        input: { $case: "prompt", value: "four" },
        sampling: { maxTokens: 9 },
      }),
    ).finish(),
  );

  it("counts requests, and says when to come back", async () => {
    const clock = new FakeClock();
    const key = makeKey({ quota: { requestsPerMinute: 1 } });
    const { client } = await serve(doorkeeperFor({ sources: keyMeans([key.record]), clock }));
    expect((await call(client, generate, key.text, request)).error).toBeUndefined();
    const { error } = await call(client, generate, key.text, request);
    expect(error?.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(detailsOf(error)).toMatchObject({ reason: "QUOTA_EXCEEDED", retryMs: 60_000 });
    clock.advance(60_000);
    expect((await call(client, generate, key.text, request)).error).toBeUndefined();
  });

  it("counts a call as open until it ends, also by its caller's going", async () => {
    const began = deferred();
    const ended = deferred();
    const models = fakeModels([generationModel()], async function* ({ signal }) {
      yield { kind: "started" };
      began.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    });
    const key = makeKey({ quota: { concurrentCalls: 1 } });
    const authorizer = doorkeeperFor({ sources: keyMeans([key.record]) });
    const watched: Pick<Authorizer, "admit"> = {
      admit: async (arrival) => {
        const permit = await authorizer.admit(arrival);
        return {
          ...permit,
          end: () => {
            permit.end();
            ended.resolve();
          },
        };
      },
    };
    const { client } = await serve(watched as Authorizer, models);
    const metadata = new Metadata();
    metadata.set("x-api-key", key.text);
    const same = (bytes: Buffer): Buffer => bytes;
    const path = "/inferd.v1.GenerationService/GenerateStream";
    const stream = client.makeServerStreamRequest(path, same, same, request, metadata);
    stream.on("error", () => undefined);
    await began.promise;
    expect(reasonOf(await call(client, generate, key.text, request))).toBe("QUOTA_EXCEEDED");
    stream.cancel();
    await ended.promise;
    expect(
      reasonOf(await call(client, "inferd.v1.ModelService/ListModels", key.text)),
    ).toBeUndefined();
  });

  it("reserves tokens and settles by what the model counted", async () => {
    // The estimate is 1 and 9; the story counts 3 and 2.
    const key = makeKey({ quota: { tokensPerMinute: 19 } });
    const { client } = await serve(doorkeeperFor({ sources: keyMeans([key.record]) }));
    for (let left = 19; left >= 10; left -= 5) {
      expect((await call(client, generate, key.text, request)).error).toBeUndefined();
    }
    const { error } = await call(client, generate, key.text, request);
    expect(detailsOf(error)).toMatchObject({
      reason: "QUOTA_EXCEEDED",
      facts: { limit: "tokensPerMinute", allowed: "19" },
    });
  });

  it("settles what broke off by the prompt's estimate and the tokens that were given", async () => {
    // The estimate is 1 and 9; each call is given 2 tokens, so costs 3.
    const key = makeKey({ quota: { tokensPerMinute: 19 } });
    const models = fakeModels([generationModel()], async function* () {
      yield { kind: "started" };
      yield { kind: "piece", text: "one" };
      yield await Promise.resolve({ kind: "piece", text: "two" } as const);
      throw new ServeError("WORKER_EXITED", "gone");
    });
    const { client } = await serve(doorkeeperFor({ sources: keyMeans([key.record]) }), models);
    for (let left = 19; left >= 10; left -= 3) {
      expect(reasonOf(await call(client, generate, key.text, request))).toBe("WORKER_EXITED");
    }
    expect(reasonOf(await call(client, generate, key.text, request))).toBe("QUOTA_EXCEEDED");
  });
});

it("writes an audit line for a refusal, with the caller where one was proved and a key in none", async () => {
  const lines: LogFields[] = [];
  const log: Log = { ...silentLog, warn: (fields) => void lines.push(fields) };
  const key = makeKey({ models: ["other"], scopes: ["generate"], quota: { requestsPerMinute: 1 } });
  const ended = makeKey({ id: "key_ended", revokedAtMs: 0 });
  const sources = keyMeans([key.record, ended.record]);
  const { client } = await serve(doorkeeperFor({ sources, log }));
  const generate = "inferd.v1.GenerationService/Generate";
  const request = Buffer.from([0x0a, 5, ...Buffer.from("story"), 0x12, 1, 0x61]);
  await call(client, generate);
  await call(client, generate, key.text.slice(0, -1));
  await call(client, generate, ended.text);
  await call(client, "inferd.v1.ModelService/ListModels", key.text);
  await call(client, generate, key.text, request);
  await call(client, generate, key.text, request);
  const told = lines.map(({ audit, reason, caller, host }) => ({ audit, reason, caller, host }));
  const host = "127.0.0.1";
  const caller = "key:key_test";
  expect(told).toEqual([
    { audit: true, reason: "NO_CREDENTIAL", caller: undefined, host },
    { audit: true, reason: "CREDENTIAL_INVALID", caller: undefined, host },
    { audit: true, reason: "CREDENTIAL_INVALID", caller: "key:key_ended", host },
    { audit: true, reason: "NOT_ALLOWED", caller, host },
    { audit: true, reason: "NOT_ALLOWED", caller, host },
    { audit: true, reason: "QUOTA_EXCEEDED", caller, host },
  ]);
  expect(JSON.stringify(lines)).not.toContain(key.text.split(".")[1]!.slice(0, 12));
});
