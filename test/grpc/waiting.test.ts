/** Calls that wait for a model that loads, or whose worker is started again. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Registry } from "../../src/models/registry.ts";
import { openScripted, reached, scriptedManifest } from "../fixtures/scripted-registry.ts";
import { type Fields, serve, type Served } from "./proto-client.ts";
import { detailsOf } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "inferd-waiting-"));
const gate = join(folder, "gate");
const openGate = () => writeFileSync(gate, "");
const closeGate = () => rmSync(gate, { force: true });
let registry: Registry;
let served: Served;

beforeEach(async () => {
  closeGate();
  registry = openScripted();
  served = await serve(registry);
});

afterEach(async () => {
  await served.stop();
  await registry.close(0);
});

const patient = { call: { wait_for_model: true } };
const generate = (fields: Fields) => served.call("GenerationService", "Generate", fields);
const textOf = ({ messages }: Awaited<ReturnType<typeof generate>>) => messages[0]?.["text"];
const waiting = () => expect.poll(() => registry.loads()[0]?.queuedJobs);

describe("a call for a model that loads", () => {
  it.each([
    { service: "GenerationService", method: "Generate", fields: { prompt: "say a" } },
    { service: "GenerationService", method: "GenerateStream", fields: { prompt: "say a" } },
    { service: "EmbeddingService", method: "Embed", fields: { inputs: ["a"] } },
    { service: "EmbeddingService", method: "EmbedStream", fields: { inputs: ["a"] } },
  ])("waits for it where it asks to: $method", async ({ service, method, fields }) => {
    const task = service === "EmbeddingService" ? "embed" : "generate";
    registry.load(scriptedManifest({ task, options: { load_gate: gate } }));
    const answer = served.call(service, method, { ...fields, ...patient });
    await waiting().toBe(1);
    openGate();
    const { error, messages } = await answer;
    expect(error).toBeUndefined();
    expect(messages).not.toEqual([]);
  });

  it("is refused where it does not ask, and told when to come back", async () => {
    registry.load(scriptedManifest({ options: { load_gate: gate } }));
    const { error } = await generate({ prompt: "say a" });
    const details = detailsOf(error);
    expect(details?.reason).toBe("MODEL_NOT_READY");
    expect(details?.retryMs).toBeGreaterThanOrEqual(1000);
  });

  it("waits for one without a name that has not said yet what it can do", async () => {
    registry.load(scriptedManifest({ task: undefined, options: { load_gate: gate } }));
    const { error } = await generate({ prompt: "say a" });
    expect(detailsOf(error)?.reason).toBe("MODEL_NOT_READY");
    expect(detailsOf(error)?.retryMs).toBeGreaterThanOrEqual(1000);
    const answer = generate({ prompt: "say a", ...patient });
    await waiting().toBe(1);
    openGate();
    expect(textOf(await answer)).toBe("a");
    const { messages } = await served.call("EmbeddingService", "Embed", { inputs: ["a"] });
    expect(messages).not.toEqual([]);
  });

  it("is checked once the model is known", async () => {
    registry.load(scriptedManifest({ options: { load_gate: gate } }));
    const answer = generate({
      prompt: "say a",
      sampling: { logit_bias: { 32000: 1 } },
      ...patient,
    });
    await waiting().toBe(1);
    openGate();
    expect(detailsOf((await answer).error)?.reason).toBe("FIELD_INVALID");
  });

  it("fails with the model", async () => {
    registry.load(scriptedManifest({ options: { load_gate: gate, load_fail: "not a model" } }));
    const answer = generate({ prompt: "say a", ...patient });
    await waiting().toBe(1);
    openGate();
    expect(detailsOf((await answer).error)?.reason).toBe("MODEL_FAILED");
  });

  it("ends with the server, and holds no place any more", async () => {
    registry.load(scriptedManifest({ options: { load_gate: gate } }));
    const answer = generate({ prompt: "say a", ...patient });
    await waiting().toBe(1);
    await served.stop();
    expect(detailsOf((await answer).error)?.reason).toBe("SHUTTING_DOWN");
    await waiting().toBe(0);
  });

  it("finds its turn also where more wait than its queue would take", async () => {
    const limits = { ...scriptedManifest().limits, maxSequences: 1, maxQueuedTokens: 40 };
    registry.load(scriptedManifest({ limits, options: { load_gate: gate } }));
    // Each counts little while it waits, and its 30 tokens to come in the queue.
    const one = { prompt: "say a", sampling: { max_tokens: 30 }, ...patient };
    const answers = [generate(one), generate(one), generate(one)];
    await waiting().toBe(3);
    openGate();
    expect((await Promise.all(answers)).map(textOf)).toEqual(["a", "a", "a"]);
  });

  it("waits on for the model that takes the other's place", async () => {
    registry.load(scriptedManifest({ options: { load_gate: gate } }));
    const answer = generate({ prompt: "say a", ...patient });
    await waiting().toBe(1);
    registry.change([scriptedManifest({ version: "2", options: { load_gate: gate } })]);
    openGate();
    const { messages } = await answer;
    expect(messages).toMatchObject([{ text: "a", started: { model: { version: "2" } } }]);
  });

  it("waits for a worker that is started again", async () => {
    openGate();
    registry.load(scriptedManifest({ options: { load_gate: gate } }));
    await reached(registry, "scripted", "ready");
    closeGate();
    const died = await generate({ prompt: "say a; crash" });
    expect(detailsOf(died.error)?.reason).toBe("WORKER_EXITED");
    const answer = generate({ prompt: "say b", ...patient });
    await waiting().toBe(1);
    openGate();
    expect(textOf(await answer)).toBe("b");
  });
});
