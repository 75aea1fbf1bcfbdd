/** The whole server with a scripted model that remembers prompts: what its metrics say of that, a worker's death included. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import {
  GenerateRequest,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import type { App } from "../../src/app/app.ts";
import { startMeasured } from "../fixtures/app.ts";
import { samplesOf } from "../fixtures/prometheus.ts";

const model = "scripted";
const limitBytes = 40;

let folder: string;
let app: App;
let client: Client;
let metricsPort = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "inferd-"));
  const path = join(folder, model);
  mkdirSync(path);
  const manifest = `name: ${model}\ntask: generate\nengine: scripted\noptions: { prefix_bytes: ${limitBytes} }\n`;
  writeFileSync(join(path, "model.yaml"), manifest);
  ({ app, metricsPort } = await startMeasured(path, model));
  client = new Client(`127.0.0.1:${app.port}`, credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await app.drain(0);
  rmSync(folder, { recursive: true });
});

/** Resolves when the call has ended, whichever way. */
function generate(script: string): Promise<void> {
  const { path, requestSerialize, responseDeserialize } = GenerationServiceService.generate;
  const input = { $case: "prompt", value: script } as const;
  const request = GenerateRequest.fromPartial({ input, call: { waitForModel: true } });
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, () => resolve());
  });
}

/** The text is kept for a moment. */
async function metricsBecome(expected: Readonly<Record<string, number>>): Promise<void> {
  await vi.waitFor(
    async () => {
      const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
      const samples = samplesOf(await response.text());
      const names = Object.keys(expected);
      const now = names.map((name) => [name, samples.get(`inferd_prefix_${name}`, { model })]);
      expect(Object.fromEntries(now)).toEqual(expected);
    },
    { timeout: 10_000 },
  );
}

it("tell what is kept, and add up what was done with it when a worker is started again", async () => {
  await generate("say one");
  await generate("say one; say two");
  await generate("say one; say three");
  const soFar = { saved_total: 3, restored_total: 2, evicted_total: 1 };
  const kept = "say one; say two".length + "say one; say three".length;
  await metricsBecome({ memory_bytes: kept, memory_limit_bytes: limitBytes, ...soFar });
  await generate("crash");
  await generate("say one");
  await metricsBecome({
    memory_bytes: "say one".length,
    memory_limit_bytes: limitBytes,
    ...soFar,
    saved_total: 4,
  });
});
