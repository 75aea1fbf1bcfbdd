import { beforeEach, describe, expect, it } from "vitest";
import type { ModelInfo, StepEvent } from "../../../src/engines/engine.ts";
import { Embedder } from "../../../src/engines/onnx/embedder.ts";
import type { Batch } from "../../../src/engines/onnx/embedder.ts";

// The order of work by itself: the encoder only notes its batches, and time passes when a test says
// so. test/models/embedding.test.ts drives the same engine with the real model.

const info: ModelInfo = {
  tasks: ["embed"],
  contextLength: 256,
  vocabularySize: 10,
  dimensions: 1,
  pooling: "mean",
  chat: false,
  license: "",
  slots: 4,
  libraries: [],
};

let now: number;
let readMs: number;
let batches: Batch[];
let threads: number[];
let engine: Embedder;

beforeEach(() => {
  [now, readMs, batches, threads] = [0, 0, [], []];
  engine = new Embedder({
    info,
    // A text is as many tokens as it says; "!" is one that fails.
    tokens: {
      read(text) {
        now += readMs;
        const error = { reason: "INPUT_TOO_LONG", message: "too long" } as const;
        if (text === "!") return { ids: [], truncated: false, error };
        return { ids: Array<number>(Number(text)).fill(1), truncated: false };
      },
    },
    encode: async (texts, count) => {
      batches.push(texts);
      threads.push(count);
      // At the speed that the engine expects, so that its budget stays at 128 tokens.
      now += (texts.length * Math.max(...texts.map(({ length }) => length))) / 2.56;
      return Promise.resolve(texts.map(({ length }) => Float32Array.of(length)));
    },
    close: () => Promise.resolve(),
    threads: 3,
    speed: 2.56,
    now: () => now,
  });
});

const add = (id: number, texts: readonly string[]) =>
  engine.add(id, { kind: "embed", texts, truncate: "none" });

const texts = (count: number, tokens: number) => Array<string>(count).fill(String(tokens));

async function run(steps: number): Promise<readonly StepEvent[]> {
  const events: StepEvent[] = [];
  for (let i = 0; i < steps && engine.busy; i++) events.push(...(await engine.step()));
  return events;
}

const kinds = (events: readonly StepEvent[], id = 1) =>
  events.filter((event) => event.id === id).map(({ event }) => event.kind);

const computed = (events: readonly StepEvent[], id: number) =>
  kinds(events, id).filter((kind) => kind === "vector").length;

describe("jobs of unlike texts", () => {
  it("take turns by tokens, also with a newcomer", async () => {
    add(1, texts(100, 32));
    await run(10);
    add(2, texts(300, 8));
    const events = await run(20);
    const [long, short] = [computed(events, 1) * 32, computed(events, 2) * 8];
    expect(long + short).toBeGreaterThan(1800);
    // A newcomer that began at zero would have had all of it.
    expect(Math.abs(long - short)).toBeLessThanOrEqual(2 * 128);
  });

  it("leave a newcomer of one text a batch or two to wait", async () => {
    add(1, texts(1000, 32));
    await run(5);
    add(2, ["8"]);
    expect(kinds(await run(2), 2)).toEqual(["started", "vector", "finish"]);
  });

  it("all come to an end, whatever keeps arriving", async () => {
    add(1, texts(8, 100));
    let steps = 0;
    for (let id = 2; kinds(await run(1)).at(-1) !== "finish"; id++) {
      add(id, texts(4, 8));
      if (++steps > 40) throw new Error("it starves");
    }
  });
});

describe("a job", () => {
  it("gives its vectors about in their order", async () => {
    const lengths = Array.from({ length: 300 }, (_, i) => 1 + ((i * 37) % 60));
    add(1, lengths.map(String));
    const events = await run(1000);
    const order = events.flatMap(({ event }) => {
      return event.kind === "vector" ? [event.vector.index] : [];
    });
    expect(order.toSorted((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    for (const [place, index] of order.entries()) expect(Math.abs(place - index)).toBeLessThan(128);
  });

  it("gives each text its own vector and tokens", async () => {
    add(1, ["5", "!", "9", "7"]);
    for (const { event } of await run(10)) {
      if (event.kind !== "vector") continue;
      const { index, values, tokens, error } = event.vector;
      if (index === 1) expect(error?.reason).toBe("INPUT_TOO_LONG");
      else expect([values[0], tokens]).toEqual([[5, 0, 9, 7][index], [5, 0, 9, 7][index]]);
    }
  });

  it.each([
    ["no text", []],
    ["only texts that fail", ["!", "!"]],
    ["some of both", ["!", "3"]],
  ])("of %s begins once and ends once", async (_, all) => {
    add(1, all);
    const vectors = all.map(() => "vector");
    expect(kinds(await run(10))).toEqual(["started", ...vectors, "finish"]);
    expect(engine.busy).toBe(false);
  });

  it("is timed from the moment of add", async () => {
    add(1, texts(8, 32));
    now += 1000;
    const finish = (await run(10)).at(-1)!.event;
    if (finish.kind !== "finish") throw new Error("no finish");
    expect(finish.usage.promptTokens).toBe(256);
    expect(finish.timings).toMatchObject({ queueMs: 1000, prefillMs: 100, totalMs: 1100 });
    expect(finish.timings.meanBatchSize).toBe(4);
  });
});

describe("a step", () => {
  it("gives the vectors of each job together and in order", async () => {
    add(1, ["3", "1", "2"]);
    add(2, ["2", "3", "1"]);
    const events = await run(1);
    const vectors = events.flatMap(({ id, event }) => {
      return event.kind === "vector" ? [[id, event.vector.index]] : [];
    });
    expect(vectors).toEqual([1, 2].flatMap((id) => [0, 1, 2].map((index) => [id, index])));
  });

  it("reads texts no longer than its time, and computes what it has", async () => {
    readMs = 4;
    add(1, texts(100, 8));
    await run(1);
    expect(batches).toHaveLength(1);
    expect(batches[0]).toHaveLength(3);
  });

  it("reads only some batches ahead", async () => {
    readMs = 1e-6;
    add(1, texts(10_000, 32));
    await engine.step();
    // 128 tokens in each of 8 batches, 32 in each text.
    expect(Math.round((now - 50) / readMs)).toBe(32);
  });

  it("computes on the threads that it was last given", async () => {
    add(1, texts(8, 32));
    await run(1);
    engine.setThreads(1);
    await run(1);
    expect(threads).toEqual([3, 1]);
  });
});
