/** What crosses between the server and a user's engine in a worker process beyond jobs and their text. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ServeError } from "../../src/base/errors.ts";
import type { JobContext, Question } from "../../src/engines/engine.ts";
import type { ServingModel } from "../../src/models/model.ts";
import type { Registry } from "../../src/models/registry.ts";
import { serve, type Served } from "../grpc/proto-client.ts";
import { detailsOf } from "../grpc/support.ts";
import { collect, never } from "../fixtures/jobs.ts";
import {
  openScripted,
  reached,
  scriptedManifest,
  submission,
} from "../fixtures/scripted-registry.ts";

// Says what it was told of each job's call. A prompt can ask it for an error, or to hold its one slot.
const source = `
  import { ServeError } from "inferd/engine";
  const usage = { promptTokens: 0, cachedPromptTokens: 0, completionTokens: 1 };
  const timings =
    { queueMs: 0, prefillMs: 0, firstTokenMs: 0, decodeMs: 0, totalMs: 0, meanBatchSize: 1 };
  const later = () => new ServeError("QUEUE_FULL", "it is busy", { retryAfterMs: 5000 });
  const answers = {
    tokenize: ({ text }) => ({ ids: Uint32Array.from(text, (letter) => letter.codePointAt(0)) }),
    detokenize: ({ ids }) => ids.length === 0 ? 7 : String.fromCodePoint(...ids),
    countTokens: async ({ input }) => {
      if (input.text === "never") return new Promise(() => undefined);
      if (input.text === "refused") throw later();
      if (input.text === "broken") throw new Error("secret");
      if (input.text === "exit") process.exit(1);
      return input.text.length;
    },
  };
  export const load = async (_, host) => {
    const jobs = new Map();
    return {
      info: { tasks: { generate: { chat: false } }, contextLength: 100, vocabularySize: 0,
        license: "", slots: 1, libraries: [] },
      get busy() { return [...jobs.values()].some(({ text }) => text !== "hold"); },
      add(id, { input: { text } }, context) {
        if (text === "refused") throw later();
        const leftMs = context.deadlineMs - host.now();
        jobs.set(id, { text, told: JSON.stringify({ ...context, deadlineMs: undefined, leftMs }) });
      },
      step() {
        const [[id, { text, told }]] = jobs;
        jobs.delete(id);
        const events = text === "fails"
          ? [{ kind: "failed", error: { reason: "MODEL_NOT_READY", message: "x", retryAfterMs: 2500 } }]
          : [{ kind: "started" }, { kind: "piece", text: told },
             { kind: "finish", reason: "stop", stopSequence: "", usage, timings }];
        return events.map((event) => ({ id, event }));
      },
      answer: (question) => answers[question.kind]?.(question),
      cancel: (id) => jobs.delete(id),
      pause() {}, resume() {}, setThreads() {}, close() {},
    };
  };`;

const folder = mkdtempSync(join(tmpdir(), "inferd-engine-calls-"));
let registry: Registry;
let served: Served;
const model = (): ServingModel => registry.resolve("scripted", "generate");
const ask = <Q extends Question>(question: Q, signal = never) => model().ask(question, signal);
const tokenize = (withPieces: boolean) =>
  ({
    ...{ kind: "tokenize", text: "ab", addSpecial: false, parseSpecial: false, withPieces },
  }) as const satisfies Question;
const detokenize = (ids: Uint32Array) =>
  ({ kind: "detokenize", ids, skipSpecial: false }) as const satisfies Question;
const count = (text: string) =>
  ({ kind: "countTokens", input: { kind: "prompt", text } }) as const satisfies Question;

beforeAll(async () => {
  const engine = join(folder, "engine.mjs");
  writeFileSync(engine, source);
  registry = openScripted();
  registry.load(scriptedManifest({ engine }));
  await reached(registry, "scripted", "ready");
  served = await serve(registry);
});

afterAll(async () => {
  await served.stop();
  await registry.close(0);
  rmSync(folder, { recursive: true });
});

describe("a job's context", () => {
  const told = async (changes: Parameters<typeof submission>[1]) => {
    const events = await collect(model().run(submission("say", changes)));
    const piece = events.find((event) => event.kind === "piece");
    return JSON.parse(piece?.text ?? "") as JobContext & { leftMs: number | null };
  };

  it("reaches the engine: who asks, how urgent it is, and where it is in a trace", async () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const call = { requestId: "abc", priority: "batch", traceparent } as const;
    expect(await told(call)).toMatchObject(call);
    expect(await told({})).not.toHaveProperty("traceparent");
  });

  it("has the deadline by the engine's own clock", async () => {
    const { leftMs } = await told({ expiresAt: performance.now() + 60_000 });
    expect(leftMs).toBeGreaterThan(50_000);
    expect(leftMs).toBeLessThanOrEqual(60_001);
    // Infinity, in JSON.
    expect((await told({ expiresAt: Infinity })).leftMs).toBeNull();
  });
});

it.each([
  ["refuses a job", "refused", "QUEUE_FULL", 5],
  ["fails one", "fails", "MODEL_NOT_READY", 2.5],
])("tells a caller when to try again where an engine %s", async (_, prompt, reason, seconds) => {
  const { error } = await served.call("GenerationService", "Generate", { prompt });
  expect(detailsOf(error)).toMatchObject({ reason, retryMs: seconds * 1000 });
  expect(error?.metadata.get("grpc-retry-pushback-ms")).toEqual([String(seconds * 1000)]);
});

describe("a question", () => {
  it("is answered in its own type", async () => {
    const ids = Uint32Array.of(97, 98);
    expect(await ask(tokenize(false))).toEqual({ ids });
    expect(await ask(detokenize(ids))).toBe("ab");
    expect(await ask(count("abc"))).toBe(3);
  });

  it("is told what the engine lacks", async () => {
    const chat = { kind: "tokenizeChat", messages: [], withPieces: false } as const;
    await expect(ask(chat)).rejects.toThrow("it has no tokenizer and no chat template");
  });

  it("takes no slot", async () => {
    const holding = new AbortController();
    const held = collect(model().run(submission("hold", { signal: holding.signal })));
    expect(await ask(count("abc"))).toBe(3);
    holding.abort(new Error("enough"));
    await expect(held).rejects.toThrow("enough");
  });

  it.each([
    ["that the engine does not know", { kind: "applyTemplate", messages: [] }, "WRONG_TASK"],
    ["that it answers wrongly", detokenize(new Uint32Array()), "INTERNAL"],
    ["that it answers in part", tokenize(true), "INTERNAL"],
    ["that it fails", count("broken"), "INTERNAL"],
    ["that it refuses", count("refused"), "QUEUE_FULL"],
  ] as const)("fails alone %s", async (_, question, reason) => {
    await expect(ask<Question>(question)).rejects.toMatchObject({ reason });
    expect(await ask(count("abc"))).toBe(3);
  });

  it("says when to ask again where the engine says so, and nothing of its own", async () => {
    await expect(ask(count("refused"))).rejects.toMatchObject({ retryAfterMs: 5000 });
    await expect(ask(count("broken"))).rejects.toMatchObject({ message: "internal error" });
  });

  it("ends at once for a caller that gives it up, with the signal's reason", async () => {
    const leaving = new AbortController();
    const answer = ask(count("never"), leaving.signal);
    leaving.abort(new ServeError("DEADLINE_PASSED", "x"));
    await expect(answer).rejects.toMatchObject({ reason: "DEADLINE_PASSED" });
  });

  // Last: it ends the worker.
  it("fails when the worker dies", async () => {
    const answers = [ask(count("never")), ask(count("exit"))];
    for (const answer of answers) {
      await expect(answer).rejects.toMatchObject({ reason: "WORKER_EXITED" });
    }
    await reached(registry, "scripted", "ready");
  });
});
