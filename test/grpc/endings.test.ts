/** How calls end, all the way from a client to a worker and back. */
import { constants } from "node:http2";
import { credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { EmbedRequest } from "../../gen/inferd/v1/embedding_service.ts";
import {
  FinishReason,
  GenerateRequest,
  type GenerateResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import type { Registry } from "../../src/models/registry.ts";
import { openScripted, reached, scriptedManifest } from "../fixtures/scripted-registry.ts";
import { addAll } from "./fake-models.ts";
import { frame, rawClient, rawRequest } from "./raw.ts";
import { type Running, start } from "./support.ts";

let registry: Registry;
let running: Running;

beforeAll(async () => {
  registry = openScripted();
  registry.load(scriptedManifest({ options: { slots: 1 } }));
  await reached(registry, "scripted", "ready");
  running = await start((server) => addAll(server, registry));
});

afterAll(async () => {
  await running.stop();
  await registry.close(0);
});

const Generation = makeGenericClientConstructor(GenerationServiceService, "generation");
const openClient = () => new Generation(running.address, credentials.createInsecure());

/** Generates by a script, unary. */
async function generate(script: string): Promise<GenerateResponse> {
  const client = openClient();
  const { path, requestSerialize, responseDeserialize } = GenerationServiceService.generate;
  const request = GenerateRequest.fromPartial({
    input: { $case: "prompt", value: script },
    sampling: { maxTokens: 3, stop: ["end"] },
  });
  const answer = Promise.withResolvers<GenerateResponse>();
  client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, value) =>
    value === undefined ? answer.reject(error ?? new Error("no answer")) : answer.resolve(value),
  );
  return answer.promise.finally(() => client.close());
}

describe("a completion that ends", () => {
  it.each([
    ["say a; stop", FinishReason.STOP],
    ["repeat 9 a", FinishReason.LENGTH],
    ["say a; say end", FinishReason.STOP_SEQUENCE],
    ["say a; cancelled", FinishReason.CANCELLED],
  ])("says why: %s", async (script, reason) => {
    const { text, finish } = await generate(script);
    expect(finish?.reason).toBe(reason);
    expect(text).toMatch(/^a/);
  });
});

describe("a unary call whose caller goes", () => {
  const endless = "wait never";
  const requests = {
    "GenerationService/Generate": GenerateRequest.encode(
      GenerateRequest.fromPartial({ input: { $case: "prompt", value: endless } }),
    ).finish(),
    "EmbeddingService/Embed": EmbedRequest.encode(
      EmbedRequest.fromPartial({ model: "scripted", inputs: [endless] }),
    ).finish(),
  };
  const untilRunning = (jobs: number) =>
    vi.waitFor(
      () => expect(registry.loads().map(({ runningJobs }) => runningJobs)).toEqual([jobs]),
      { timeout: 10_000 },
    );

  describe.each(Object.entries(requests))("%s", (method, request) => {
    it.each(["cancels", "disconnects"])("frees its slot when it %s", async (way) => {
      const session = rawClient(running.address);
      const stream = rawRequest(session, `/inferd.v1.${method}`);
      stream.end(frame(request));
      await untilRunning(1);
      if (way === "cancels") stream.close(constants.NGHTTP2_CANCEL);
      else session.destroy();
      await untilRunning(0);
      // There is one slot only.
      expect((await generate("say a")).text).toBe("a");
      session.destroy();
    });
  });
});
