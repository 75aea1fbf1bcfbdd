/**
 * Attacks that have names, on servers like this one. Each is sent as it was in the wild or in its
 * report; then an innocent connection must be served, and the process be as it was.
 */
import { constants } from "node:http2";
import { gzipSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GenerateRequest } from "../../gen/inferd/v1/generation_service.ts";
import { EmbedRequest } from "../../gen/inferd/v1/embedding_service.ts";
import { GetModelRequest } from "../../gen/inferd/v1/model_service.ts";
import { heapBytes } from "../fixtures/memory.ts";
import { addAll, embeddingModel, fakeModels, generationModel } from "./fake-models.ts";
import {
  callHeaders,
  flags,
  type Frame,
  headerBlock,
  http2Frame,
  number32,
  openWire,
  pong,
  types,
} from "./frames.ts";
import { type Ending, ending, frame, rawClient, rawRequest } from "./raw.ts";
import { type Running, start } from "./support.ts";

const generate = "/inferd.v1.GenerationService/Generate";
let running: Running;

beforeAll(async () => {
  const models = fakeModels([generationModel(), embeddingModel()]);
  running = await start((server) => addAll(server, models), {
    maxMessageBytes: 8_388_608,
    maxResetBurst: 200,
    maxResetsPerSecond: 1,
  });
});
afterAll(() => running.stop());

async function call(path: string, message: Uint8Array, headers = {}): Promise<Ending> {
  const session = rawClient(running.address);
  const stream = rawRequest(session, path, headers);
  stream.end(frame(message, "grpc-encoding" in headers ? { flag: 1 } : {}));
  return ending(stream).finally(() => session.destroy());
}

/** Another connection is served as if nothing were. */
async function expectUnharmed(): Promise<void> {
  const { code } = await call("/inferd.v1.ServerService/GetServerInfo", Buffer.alloc(0));
  expect(code).toBe(status.OK);
}

/** Sends frames until there are no more, or the connection is gone; gives how it went. */
async function flood(count: number, make: (index: number) => readonly Frame[]) {
  const wire = await openWire(running.address);
  for (let index = 0; index < count && wire.socket.writable; index += 1) {
    wire.send(...make(index).map(http2Frame));
    if (index % 100 === 99) await pong(wire);
  }
  await pong(wire);
  wire.socket.destroy();
  return wire.heard;
}

const headers = callHeaders(generate);
const begin = (stream: number): Frame => ({
  type: types.headers,
  flags: flags.endHeaders,
  stream,
  payload: headers,
});
const odd = (index: number): number => 2 * index + 1;

describe("HTTP/2", () => {
  const codes = [constants.NGHTTP2_CANCEL, constants.NGHTTP2_NO_ERROR];

  it.each(codes)("CVE-2023-44487 (rapid reset by %i): the connection is closed", async (code) => {
    const { goaways } = await flood(1000, (index) => [
      begin(odd(index)),
      { type: types.reset, stream: odd(index), payload: number32(code) },
    ]);
    expect(goaways[0]).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    await expectUnharmed();
  });

  it("CVE-2025-8671 (MadeYouReset): streams that the server has to reset count the same", async () => {
    const { goaways } = await flood(1000, (index) => [
      begin(odd(index)),
      { type: types.windowUpdate, stream: odd(index), payload: number32(0) },
    ]);
    expect(goaways.length).toBeGreaterThan(0);
    await expectUnharmed();
  });

  it("CVE-2024-27983 and CVE-2024-28182 (CONTINUATION flood): headers without end are cut off", async () => {
    const payload = headerBlock({ x: "y".repeat(100) });
    const { goaways } = await flood(2000, (index) => [
      index === 0
        ? { type: types.headers, stream: 1, payload: headers }
        : { type: types.continuation, stream: 1, payload },
    ]);
    expect(goaways.length).toBeGreaterThan(0);
    await expectUnharmed();
  });

  const floods: [string, (index: number) => Frame][] = [
    ["CVE-2019-9512 (ping flood)", () => ({ type: types.ping, payload: Buffer.alloc(8) })],
    ["CVE-2019-9515 (settings flood)", () => ({ type: types.settings })],
    [
      "CVE-2019-9513 (priority shuffling)",
      (index) => ({
        type: types.priority,
        stream: odd(index % 100),
        payload: Buffer.concat([number32(odd((index + 1) % 100)), Buffer.from([255])]),
      }),
    ],
    [
      "CVE-2019-9514 (reset of streams that never were)",
      (index) => ({
        type: types.reset,
        stream: odd(index),
        payload: number32(8),
      }),
    ],
  ];
  it.each(floods)("%s: costs no memory, and harms no other", async (_, make) => {
    const before = await heapBytes();
    await flood(5000, (index) => [make(index)]);
    await expectUnharmed();
    expect((await heapBytes()) - before).toBeLessThan(2_000_000);
  });

  it("CVE-2019-9518 (empty frames): costs no memory, and harms no other", async () => {
    const before = await heapBytes();
    await flood(5000, (index) => [index === 0 ? begin(1) : { type: types.data, stream: 1 }]);
    await expectUnharmed();
    expect((await heapBytes()) - before).toBeLessThan(2_000_000);
  });
});

describe("gRPC", () => {
  it.each(["\u00ff\u0000", "not gzip at all", gzipSync(Buffer.alloc(100)).subarray(0, 12)])(
    "CVE-2026-48069 (malformed compressed message): is the caller's fault and nothing more",
    async (bytes) => {
      const end = await call(generate, Buffer.from(bytes), { "grpc-encoding": "gzip" });
      expect(end.details?.reason).toBe("MESSAGE_MALFORMED");
      await expectUnharmed();
    },
  );

  it("CVE-2024-37168 (size limit passed by compression): a small bomb is not unpacked", async () => {
    const bomb = gzipSync(Buffer.alloc(64_000_000));
    const end = await call(generate, bomb, { "grpc-encoding": "gzip" });
    expect(end.details?.reason).toBe("MESSAGE_TOO_LARGE");
  });

  it.each([
    { ":path": "/\u00ff\u00fe" },
    { ":method": "GET" },
    { "grpc-timeout": "\u00ff" },
    { "odd-bin": "\u00ff!" },
    { "content-type": "application/grpc\u00ff" },
  ])("CVE-2026-48068 (malformed request %o): ends, and the server lives", async (odd) => {
    await call(generate, Buffer.alloc(0), odd);
    await expectUnharmed();
  });

  it("CVE-2026-44289 (recursion in protobuf): groups in groups are no message", async () => {
    const end = await call(generate, Buffer.alloc(1_000_000, 0x0b));
    expect(end.details?.reason).toBe("MESSAGE_MALFORMED");
    const health = await call("/grpc.health.v1.Health/Check", Buffer.alloc(1_000_000, 0x0b));
    expect(health.details?.reason).toBe("MESSAGE_MALFORMED");
    await expectUnharmed();
  });

  it("CVE-2023-36665 (prototype pollution): a name of JavaScript's own is a name", async () => {
    for (const name of ["__proto__", "constructor", "prototype"]) {
      const end = await call(
        "/inferd.v1.ModelService/GetModel",
        GetModelRequest.encode(GetModelRequest.fromPartial({ name })).finish(),
      );
      expect(end.details?.reason).toBe("MODEL_NOT_FOUND");
    }
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain("name");
  });
});

describe("model servers", () => {
  const generateWith = (fields: Parameters<typeof GenerateRequest.fromPartial>[0]) =>
    call(generate, GenerateRequest.encode(GenerateRequest.fromPartial(fields)).finish());

  it("CVE-2026-73559 (vLLM, lists without bound): are refused before they cost memory", async () => {
    const inputs = Buffer.alloc(8_000_000);
    for (let at = 0; at < inputs.length; at += 2) inputs[at] = 0x12;
    const end = await call("/inferd.v1.EmbeddingService/Embed", inputs);
    expect(end.details?.violations[0]?.field).toBe("inputs");
  });

  it.each([{ topK: 2 ** 32 - 1 }, { penaltyLastN: 2 ** 31 + 1 }])(
    "CVE-2026-21869 (llama.cpp, %o beyond its range): never reaches native code",
    async (sampling) => {
      const end = await generateWith({ input: { $case: "prompt", value: "x" }, sampling });
      expect(end.details?.reason).toBe("FIELD_INVALID");
    },
  );

  it.each([
    { input: { $case: "tokenIds" as const, value: { ids: [2 ** 32 - 1, 100] } } },
    { input: { $case: "prompt" as const, value: "x" }, sampling: { logitBias: { 4294967295: 1 } } },
  ])(
    "CVE-2025-62164, CVE-2026-56340 (vLLM, tensors from callers): %o, outside the vocabulary, is refused",
    async (fields) => {
      const end = await generateWith(fields);
      expect(end.details?.reason).toBe("FIELD_INVALID");
    },
  );

  it.each(["../../etc/passwd", "a/b", "..\\x", "model\n", "\0"])(
    "CVE-2025-23316, CVE-2024-37032 (Triton, Ollama, paths in model names): %j is no model",
    async (model) => {
      const request = EmbedRequest.fromPartial({ model, inputs: ["x"] });
      const end = await call(
        "/inferd.v1.EmbeddingService/Embed",
        EmbedRequest.encode(request).finish(),
      );
      expect(end.details?.reason).toBe("MODEL_NOT_FOUND");
    },
  );
});
