/** A stock client with a retry policy in its service config, and a server that cannot take all its calls at once. */
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  GenerateRequest,
  type GenerateResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import type { Registry } from "../../src/models/registry.ts";
import { openScripted, reached, scriptedManifest } from "../fixtures/scripted-registry.ts";
import { addAll } from "./fake-models.ts";
import { detailsOf, type Running, start } from "./support.ts";

const maxAttempts = 4;
const retryPolicy = {
  maxAttempts,
  initialBackoff: "0.001s",
  maxBackoff: "0.001s",
  backoffMultiplier: 1,
  retryableStatusCodes: ["RESOURCE_EXHAUSTED"],
};
const serviceConfig = JSON.stringify({
  loadBalancingConfig: [],
  methodConfig: [{ name: [{}], retryPolicy }],
});

let registry: Registry;
let running: Running;

beforeAll(async () => {
  registry = openScripted();
  registry.load(
    scriptedManifest({
      options: { step_ms: 5 },
      limits: { ...scriptedManifest().limits, maxSequences: 1, maxQueuedJobs: 1 },
    }),
  );
  await reached(registry, "scripted", "ready");
  running = await start((server) => addAll(server, registry));
});

afterAll(async () => {
  await running.stop();
  await registry.close(0);
});

function clientOf(options: Record<string, string | number>): Client {
  return new Client(running.address, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    ...options,
  });
}

const patient = () => clientOf({ "grpc.service_config": serviceConfig });
const impatient = () => clientOf({ "grpc.enable_retries": 0 });

/** Resolves with the call's text, or rejects with its error. */
function generate(client: Client, prompt: string): Promise<string> {
  const { path, requestSerialize, responseDeserialize } = GenerationServiceService.generate;
  const request = GenerateRequest.fromPartial({ input: { $case: "prompt", value: prompt } });
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest<GenerateRequest, GenerateResponse>(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      (error, response) => (error === null ? resolve(response!.text) : reject(error)),
    );
  });
}

const refusedBefore = () => registry.queueOf("scripted")!.refused.QUEUE_FULL;

describe("an overloaded server", () => {
  it("serves every call of a client that keeps to its retry policy", async () => {
    const client = patient();
    await generate(client, "repeat 10 warm");
    const before = refusedBefore();
    const calls = Array.from({ length: 8 }, (_, index) => generate(client, `repeat 10 ${index}`));
    expect(await Promise.all(calls)).toEqual(calls.map((_, index) => String(index).repeat(10)));
    const refused = refusedBefore() - before;
    expect(refused).toBeGreaterThanOrEqual(6);
    // Each is told a turn of its own, so hardly any is refused twice.
    expect(refused).toBeLessThanOrEqual(2 * 6);
    client.close();
  });

  it("tells a client that does not retry why, and when to come back", async () => {
    const client = impatient();
    const calls = Array.from({ length: 4 }, () => generate(client, "repeat 10 x"));
    const ends = await Promise.allSettled(calls);
    const errors = ends.flatMap((end) =>
      end.status === "rejected" ? [end.reason as ServiceError] : [],
    );
    expect(errors).toHaveLength(2);
    for (const error of errors) {
      expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
      const details = detailsOf(error)!;
      expect(details.reason).toBe("QUEUE_FULL");
      expect(details.facts).toMatchObject({ bound: "jobs", scope: "model", waiting: "1" });
      expect(error.metadata.get("grpc-retry-pushback-ms")).toEqual([String(details.retryMs)]);
    }
    client.close();
  });
});
