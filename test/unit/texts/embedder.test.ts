import { setImmediate as turn } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import type { Engine, ModelInfo, StepEvent } from "../../../src/engines/engine.ts";
import { Embedder } from "../../../src/engines/texts/embedder.ts";
import type { EncodedText } from "../../../src/engines/texts/unread.ts";
import type { Prompt } from "../../../src/engines/texts/prompt.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";
import { context, embedJob } from "../../fixtures/jobs.ts";

// The order of work by itself: the encoder only notes its batches, and time passes when a test says
// so. test/models/embedding.test.ts drives the same engine with the real model.

const info: ModelInfo = {
  tasks: { embed: { dimensions: 1, pooling: "mean" } },
  contextLength: 256,
  vocabularySize: 10,
  license: "",
  slots: 4,
  libraries: [],
};

const noPrompt: Prompt = { text: "", tokens: 0, skipped: 0 };

const broken = { reason: "INTERNAL", message: "broken" } as const;

let clock: FakeClock;
let readMs: number;
/** What was tokenised together. */
let rounds: (readonly string[])[];
/** A round with a text that fails is read when this ends. */
let held: Promise<unknown>;
let batches: (readonly EncodedText[])[];
let prompts: Record<string, Prompt>;
let threads: number[];
let engine: Engine;

beforeEach(() => {
  [clock, readMs, batches, threads] = [new FakeClock(), 0, [], []];
  [rounds, held, prompts] = [[], Promise.resolve(), {}];
  engine = new Embedder({
    info,
    // A text is as many tokens as it says; "!" is one that fails.
    tokens: {
      async read(unread) {
        const texts = unread.filter((each) => each.ids === undefined);
        rounds.push(texts.map(({ text }) => text));
        clock.advance(readMs * texts.length);
        if (texts.some(({ text }) => text.startsWith("!"))) await held;
        return texts.map(({ text, prompt = noPrompt }) => {
          const error = { reason: "INPUT_TOO_LONG", message: "too long" } as const;
          if (text.startsWith("!")) return { ids: [], truncated: false, error };
          const ids = Array<number>(Number(prompt.text + text)).fill(1);
          return { ids, truncated: false };
        });
      },
    },
    valueOf: (_, values) => ({ kind: "vector", values }),
    promptOf: (name) => prompts[name ?? "default"] ?? noPrompt,
    encode: async (texts, count) => {
      batches.push(texts);
      threads.push(count);
      const lengths = texts.map(({ ids }) => ids.length);
      // At the speed that the engine expects, so that its budget stays at 128 tokens.
      clock.advance((texts.length * Math.max(...lengths)) / 2.56);
      return Promise.resolve(
        // Of 13 tokens is one that cannot be computed.
        lengths.map((length) => (length === 13 ? broken : Float32Array.of(length))),
      );
    },
    answer: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
    threads: 3,
    speed: 2.56,
    clock,
  });
});

const add = (id: number, texts: readonly string[]) => engine.add(id, embedJob(texts), context);

/** As long as a text of so many tokens usually is. */
const textOf = (tokens: number) => String(tokens).padEnd(4 * tokens);

const texts = (count: number, tokens: number) => Array<string>(count).fill(textOf(tokens));

async function run(steps: number): Promise<readonly StepEvent[]> {
  const events: StepEvent[] = [];
  for (let i = 0; i < steps && engine.busy; i++) events.push(...(await engine.step()));
  return events;
}

const kinds = (events: readonly StepEvent[], id = 1) =>
  events.filter((event) => event.id === id).map(({ event }) => event.kind);

const computed = (events: readonly StepEvent[], id: number) =>
  kinds(events, id).filter((kind) => kind === "item").length;

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
    expect(kinds(await run(2), 2)).toEqual(["started", "item", "finish"]);
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
    add(1, lengths.map(textOf));
    const events = await run(1000);
    const order = events.flatMap(({ event }) => {
      return event.kind === "item" ? [event.index] : [];
    });
    expect(order.toSorted((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    for (const [place, index] of order.entries()) expect(Math.abs(place - index)).toBeLessThan(128);
  });

  it("gives each text its own vector and tokens", async () => {
    add(1, ["5", "!", "9", "7"]);
    for (const { event } of await run(10)) {
      if (event.kind !== "item") continue;
      const { index, value, tokenCount, error } = event;
      if (index === 1) expect(error?.reason).toBe("INPUT_TOO_LONG");
      else
        expect([value?.kind === "vector" && value.values[0], tokenCount]).toEqual([
          [5, 0, 9, 7][index],
          [5, 0, 9, 7][index],
        ]);
    }
  });

  it("goes on where one of its texts cannot be computed", async () => {
    add(1, ["5", "13", "9"]);
    add(2, ["7"]);
    const events = await run(10);
    const errors = events.flatMap(({ event }) =>
      event.kind === "item" ? [event.error?.reason] : [],
    );
    expect(errors.filter((reason) => reason !== undefined)).toEqual(["INTERNAL"]);
    for (const id of [1, 2]) expect(kinds(events, id).at(-1)).toBe("finish");
  });

  it("has the prompt that it names before each text", async () => {
    prompts = {
      default: { text: "1", tokens: 1, skipped: 0 },
      query: { text: "2", tokens: 4, skipped: 4 },
    };
    add(1, ["0"]);
    engine.add(2, embedJob(["0"], { promptName: "query" }), context);
    engine.add(3, embedJob(["5"], { promptName: "" }), context);
    await run(10);
    const read = batches.flat().map(({ ids, skipped }) => [ids.length, skipped]);
    expect(read.sort(([a = 0], [b = 0]) => a - b)).toEqual([
      [5, 0],
      [10, 0],
      [20, 4],
    ]);
  });

  it.each([
    ["no text", []],
    ["only texts that fail", ["!", "!"]],
    ["some of both", ["!", "3"]],
  ])("of %s begins once and ends once", async (_, all) => {
    add(1, all);
    const items = all.map(() => "item");
    expect(kinds(await run(10))).toEqual(["started", ...items, "finish"]);
    expect(engine.busy).toBe(false);
  });

  it("is timed from the moment of add", async () => {
    add(1, texts(8, 32));
    clock.advance(1000);
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
      return event.kind === "item" ? [[id, event.index]] : [];
    });
    expect(vectors).toEqual([1, 2].flatMap((id) => [0, 1, 2].map((index) => [id, index])));
  });

  it("waits for texts no longer than its time, and computes what it has", async () => {
    readMs = 4;
    add(1, [...texts(2, 8), "!".repeat(5000), ...texts(7, 8)]);
    await run(1);
    expect(rounds.map(({ length }) => length)).toEqual([2, 1]);
    expect(batches[0]).toHaveLength(2);
  });

  it("reads only some batches ahead", async () => {
    add(1, texts(10_000, 32));
    await engine.step();
    // 128 tokens in each of 8 batches, 32 in each text.
    expect(rounds.flat()).toHaveLength(32);
  });

  it("has one text of each job read at a time, by turns", async () => {
    add(1, ["1", "1"]);
    add(2, ["2", "2"]);
    await run(1);
    expect(rounds).toEqual([["1", "2", "1", "2"]]);
  });

  it("computes on the threads that it was last given", async () => {
    add(1, texts(8, 32));
    await run(1);
    engine.setThreads(1);
    await run(1);
    expect(threads).toEqual([3, 1]);
  });
});

describe("a text that takes long to read", () => {
  const endless = "!".repeat(5000);
  let release: (_: undefined) => void;

  beforeEach(() => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    [held, release] = [promise, resolve];
  });

  /** A step whose patience ends while the text is being read. */
  async function impatientStep(): Promise<readonly StepEvent[]> {
    const step = engine.step();
    await turn();
    clock.advance(10);
    return step;
  }

  it("holds up no text of another job that is read", async () => {
    add(1, texts(1, 8));
    add(2, [endless]);
    const events = await impatientStep();
    expect(kinds(events, 1)).toEqual(["started", "item", "finish"]);
    expect(kinds(events, 2)).toEqual([]);
  });

  it("is read once, whatever steps are computed meanwhile", async () => {
    add(1, [endless, "8"]);
    for (let steps = 0; steps < 3; steps++) expect(await impatientStep()).toEqual([]);
    expect(rounds).toEqual([[endless]]);
    release(undefined);
    expect(kinds(await run(10))).toEqual(["started", "item", "item", "finish"]);
    expect(rounds).toEqual([[endless], ["8"]]);
  });

  it("gives nothing once its job is cancelled, and others are read after it", async () => {
    add(1, [endless]);
    await impatientStep();
    engine.cancel(1);
    expect(engine.busy).toBe(false);
    add(2, ["8"]);
    expect(await impatientStep()).toEqual([]);
    release(undefined);
    const events = await run(10);
    expect(kinds(events, 1)).toEqual([]);
    expect(kinds(events, 2)).toEqual(["started", "item", "finish"]);
  });

  it("sends its error only while its job runs", async () => {
    add(1, [endless]);
    await impatientStep();
    engine.pause(1);
    release(undefined);
    add(2, ["8"]);
    expect(kinds(await run(10), 1)).toEqual([]);
    engine.resume(1);
    expect(kinds(await run(10), 1)).toEqual(["started", "item", "finish"]);
  });
});
