/** Callers of a whole server who send the same prompt: whose calls profit from whose. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  GenerateRequest,
  type GenerateResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import type { App } from "../../src/app/app.ts";
import { openKeyStore } from "../../src/auth/open-key-store.ts";
import { makeKey } from "../fixtures/access.ts";
import { startMeasured } from "../fixtures/app.ts";

const folder = mkdtempSync(join(tmpdir(), "inferd-scope-"));
const keys = join(folder, "keys.db");
const one = makeKey({ id: "key_one" });
const other = makeKey({ id: "key_other" });

const scripted = join(folder, "scripted");
mkdirSync(scripted);
writeFileSync(
  join(scripted, "model.yaml"),
  "name: scripted\ntask: generate\nengine: scripted\noptions: { prefix_bytes: 10000 }\n",
);

beforeAll(async () => {
  const store = await openKeyStore({ kind: "sqlite", path: keys }, "make");
  for (const { record } of [one, other]) await store.add(record);
  await store.close();
});

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Long enough to be worth remembering by any engine. */
const prompt = "The hero went down to the river and told the miller of it. ".repeat(12);

/** A server of one model; what it gives sends the prompt, and says how many of its tokens needed no reading. */
async function serve(path: string, name: string, flags = {}) {
  const { app }: { readonly app: App } = await startMeasured(path, name, flags);
  const client = new Client(`127.0.0.1:${app.port}`, credentials.createInsecure());
  closing.push(
    () => app.drain(0),
    () => client.close(),
  );
  const { path: method, requestSerialize, responseDeserialize } = GenerationServiceService.generate;
  const request = GenerateRequest.fromPartial({
    input: { $case: "prompt", value: prompt },
    sampling: { maxTokens: 1 },
  });
  return (key?: string): Promise<number> => {
    const metadata = new Metadata();
    if (key !== undefined) metadata.set("x-api-key", key);
    return new Promise((resolve, reject) => {
      const answered = (error: Error | null, response?: GenerateResponse): void => {
        if (error !== null) reject(error);
        else resolve(response?.finish?.usage?.cachedPromptTokens ?? -1);
      };
      client.makeUnaryRequest(
        method,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        answered,
      );
    });
  };
}

/** By model: the folder or file, and its name. Every engine that remembers prompts belongs here. */
const models: readonly [name: string, path: string][] = [
  ["scripted", scripted],
  ["inferd-demo", "models/inferd-demo"],
];

describe.each(models)("%s", (name, path) => {
  it("has read a key's prompt before for that key alone", async () => {
    const cached = await serve(path, name, { keys });
    expect(await cached(one.text)).toBe(0);
    expect(await cached(other.text)).toBe(0);
    expect(await cached(one.text)).toBeGreaterThan(0);
    expect(await cached(other.text)).toBeGreaterThan(0);
  });

  it("has read a prompt before for all callers where none is asked for a key", async () => {
    const cached = await serve(path, name);
    expect(await cached()).toBe(0);
    expect(await cached()).toBeGreaterThan(0);
  });
});
