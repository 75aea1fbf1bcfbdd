import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Client, credentials, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ServerReflectionRequest,
  ServerReflectionResponse,
  ServerReflectionService,
} from "../../gen/grpc/reflection/v1/reflection.ts";
import { ServerReflectionService as Alpha } from "../../gen/grpc/reflection/v1alpha/reflection.ts";
import { addAll, fakeModels } from "./fake-models.ts";
import { type Running, start, startKinds } from "./support.ts";

const execute = promisify(execFile);

type Ask = NonNullable<ServerReflectionRequest["messageRequest"]>;
type Answer = NonNullable<ServerReflectionResponse["messageResponse"]>;

let running: Running;
let client: Client;
beforeAll(async () => {
  running = await start((server) => addAll(server, fakeModels([])));
  client = new Client(running.address, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await running.stop();
});

function ask(
  messageRequest: Ask,
  path: string = ServerReflectionService.serverReflectionInfo.path,
): Promise<Answer> {
  const stream = client.makeBidiStreamRequest(
    path,
    (request: ServerReflectionRequest) =>
      Buffer.from(ServerReflectionRequest.encode(request).finish()),
    (bytes: Buffer) => ServerReflectionResponse.decode(bytes),
  );
  return new Promise((resolve, reject) => {
    stream.on("error", reject);
    stream.on("data", (response: ServerReflectionResponse) => {
      stream.end();
      resolve(response.messageResponse!);
    });
    stream.write({ host: "", messageRequest });
  });
}

async function fileNames(messageRequest: Ask): Promise<string[]> {
  const answer = await ask(messageRequest);
  if (answer.$case !== "fileDescriptorResponse") throw new Error(answer.$case);
  return answer.value.fileDescriptorProto.map(
    (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
  );
}

const bySymbol = (value: string): Ask => ({ $case: "fileContainingSymbol", value });

describe("reflection", () => {
  it.each([ServerReflectionService.serverReflectionInfo.path, Alpha.serverReflectionInfo.path])(
    "lists every service by %s, itself and health too",
    async (path) => {
      const answer = await ask({ $case: "listServices", value: "" }, path);
      if (answer.$case !== "listServicesResponse") throw new Error(answer.$case);
      expect(answer.value.service.map(({ name }) => name).sort()).toEqual([
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "inferd.v1.ClassificationService",
        "inferd.v1.EmbeddingService",
        "inferd.v1.GenerationService",
        "inferd.v1.ModelService",
        "inferd.v1.RerankService",
        "inferd.v1.ServerService",
        "inferd.v1.TokenizationService",
      ]);
    },
  );

  it.each([
    ["a service", "inferd.v1.GenerationService"],
    ["a method", "inferd.v1.GenerationService.Generate"],
    ["a message", "inferd.v1.GenerateRequest"],
    ["a field", "inferd.v1.GenerateRequest.prompt"],
    ["a oneof", "inferd.v1.GenerateRequest.input"],
    ["an enum", "inferd.v1.Role"],
    ["an enum's value", "inferd.v1.ROLE_USER"],
  ])("finds the file of %s, with its imports", async (_, symbol) => {
    const names = await fileNames(bySymbol(symbol));
    expect(names[0]).toBe("inferd/v1/generation_service.proto");
    expect(names).toContain("inferd/v1/types.proto");
    expect(names).toContain("google/protobuf/duration.proto");
  });

  it("finds health's file and its own", async () => {
    expect(await fileNames(bySymbol("grpc.health.v1.Health"))).toContain(
      "grpc/health/v1/health.proto",
    );
    expect(await fileNames(bySymbol("grpc.reflection.v1.ServerReflection"))).toContain(
      "grpc/reflection/v1/reflection.proto",
    );
  });

  it("sends each file as the bytes that were built", async () => {
    const built = readFileSync("gen/fds.binpb");
    const set = fromBinary(FileDescriptorSetSchema, built);
    for (const { name } of set.file) {
      const answer = await ask({ $case: "fileByFilename", value: name });
      if (answer.$case !== "fileDescriptorResponse") throw new Error(answer.$case);
      for (const bytes of answer.value.fileDescriptorProto)
        expect(built.includes(bytes)).toBe(true);
      // A client may build the files from the last to the first: every import is built before what imports it.
      const file = answer.value.fileDescriptorProto
        .map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes))
        .reverse();
      const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));
      expect(registry.getFile(name)).toBeDefined();
    }
  });

  it("knows no extensions of a message that has none", async () => {
    expect(
      await ask({ $case: "allExtensionNumbersOfType", value: "inferd.v1.GenerateRequest" }),
    ).toEqual({
      $case: "allExtensionNumbersResponse",
      value: { baseTypeName: "inferd.v1.GenerateRequest", extensionNumber: [] },
    });
  });

  it.each<[string, Ask]>([
    ["symbol", bySymbol("inferd.v1.Nothing")],
    ["file", { $case: "fileByFilename", value: "nothing.proto" }],
    ["message to extend", { $case: "allExtensionNumbersOfType", value: "nothing" }],
    [
      "extension",
      {
        $case: "fileContainingExtension",
        value: { containingType: "inferd.v1.GenerateRequest", extensionNumber: 1 },
      },
    ],
  ])("answers NOT_FOUND for an unknown %s, and goes on", async (_, messageRequest) => {
    const answer = await ask(messageRequest);
    expect(answer).toMatchObject({
      $case: "errorResponse",
      value: { errorCode: status.NOT_FOUND },
    });
  });

  it("ends an idle stream when the server drains", async () => {
    const other = await startKinds({});
    const idle = new Client(other.address, credentials.createInsecure());
    const stream = idle.makeBidiStreamRequest(
      ServerReflectionService.serverReflectionInfo.path,
      (request: ServerReflectionRequest) =>
        Buffer.from(ServerReflectionRequest.encode(request).finish()),
      (bytes: Buffer) => ServerReflectionResponse.decode(bytes),
    );
    const ended = new Promise<{ code?: number }>((resolve) => stream.on("error", resolve));
    const answered = new Promise((resolve) => stream.once("data", resolve));
    stream.write({ host: "", messageRequest: { $case: "listServices", value: "" } });
    await answered;
    await other.server.drain(3_600_000);
    expect((await ended).code).toBe(status.UNAVAILABLE);
    idle.close();
  });

  it("lets buf curl call without a proto file", async () => {
    const buf = "node_modules/.bin/buf";
    const url = `http://${running.address}`;
    const grpc = ["--http2-prior-knowledge", "--protocol", "grpc"];
    const list = await execute(buf, ["curl", ...grpc, "--list-methods", url]);
    expect(list.stdout).toContain("grpc.health.v1.Health/Check");
    const checked = await execute(buf, [
      "curl",
      ...grpc,
      "--data",
      "{}",
      `${url}/grpc.health.v1.Health/List`,
    ]);
    expect(JSON.parse(checked.stdout)).toEqual({});
  });

  const grpcurl = ".tools/bin/grpcurl";
  it.runIf(existsSync(grpcurl))("lets grpcurl describe and call without a proto file", async () => {
    const plain = ["-plaintext", running.address];
    const described = await execute(grpcurl, [...plain, "describe", "inferd.v1.GenerateRequest"]);
    expect(described.stdout).toContain("oneof input");
    const listed = await execute(grpcurl, [...plain, "grpc.health.v1.Health/List"]);
    expect(JSON.parse(listed.stdout)).toEqual({});
  });
});
