/** How calls end, all the way from a client to a worker and back. */
import { credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  FinishReason,
  GenerateRequest,
  type GenerateResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import type { Registry } from "../../src/models/registry.ts";
import { openScripted, reached, scriptedManifest } from "../fixtures/scripted-registry.ts";
import { addAll } from "./fake-models.ts";
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
    sampling: { maxTokens: 3 },
    stop: ["end"],
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
