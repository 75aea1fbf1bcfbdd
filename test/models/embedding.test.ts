import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type {
  EmbedJob,
  Engine,
  JobEvent,
  ModelSource,
  Tokenized,
} from "../../src/engines/engine.ts";
import { load } from "../../src/engines/onnx/index.ts";
import { context, embedJob, generateJob, type TextVector, vectorsIn } from "../fixtures/jobs.ts";
import { scriptNames, tokenizerStrings } from "../fixtures/tokenizer-strings.ts";

const folder = resolve("models/all-minilm-l6-v2");

// Written by sentence-transformers; models/all-minilm-l6-v2/README.md says how.
const reference = JSON.parse(readFileSync(join(folder, "reference.json"), "utf8")) as {
  readonly cases: readonly { readonly text: string; readonly vector: readonly number[] }[];
};

const source: ModelSource = {
  name: "all-minilm-l6-v2",
  files: { model: join(folder, "model.onnx") },
  chatTemplate: undefined,
  contextLength: undefined,
  maxSequences: undefined,
  options: {},
  threads: 1,
};

const host = {
  progress: () => undefined,
  log: () => undefined,
  now: () => performance.now(),
  maxStepMs: 60_000,
};

let engine: Engine;
let nextId = 1;

beforeAll(async () => {
  engine = await load(source, host);
});

afterAll(async () => {
  await engine.close();
});

const job = (texts: readonly string[], truncate: EmbedJob["truncate"] = "none"): EmbedJob =>
  embedJob(texts, { truncate });

type Outcome = Extract<JobEvent, { kind: "finish" }> & { readonly vectors: readonly TextVector[] };

/** Drives the engine as the worker does, until no job is left; by job, in the order of the jobs. */
async function run(...jobs: readonly EmbedJob[]): Promise<readonly Outcome[]> {
  const events = new Map<number, JobEvent[]>();
  for (const each of jobs) {
    engine.add(nextId, each, context);
    events.set(nextId++, []);
  }
  while (engine.busy) {
    for (const { id, event } of await engine.step()) events.get(id)!.push(event);
  }
  return [...events.values()].map((all) => {
    expect(all[0]).toEqual({ kind: "started" });
    const finish = all.at(-1)!;
    if (finish.kind !== "finish") throw new Error(`the last event is ${finish.kind}`);
    const vectors = vectorsIn(all);
    expect(all).toHaveLength(vectors.length + 2);
    return { ...finish, vectors: vectors.toSorted((a, b) => a.index - b.index) };
  });
}

const vectorsOf = async (each: EmbedJob) => (await run(each))[0]!.vectors;

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return dot / Math.sqrt(aa * bb);
}

describe("what it says about itself", () => {
  it("comes from the model's own files", () => {
    expect(engine.info).toMatchObject({
      tasks: { embed: { dimensions: 384, pooling: "mean" } },
      contextLength: 256,
      vocabularySize: 30_522,
    });
    expect(engine.info.libraries[0]?.version).toMatch(/^\d+\.\d+/);
  });
});

describe("vectors", () => {
  it("equal those of sentence-transformers for every reference text", async () => {
    const texts = reference.cases.map(({ text }) => text);
    // sentence-transformers cuts long texts without saying so.
    const vectors = await vectorsOf(job(texts, "end"));
    const worst = vectors.map(({ values }, i) => cosine(values, reference.cases[i]!.vector));
    expect(Math.min(...worst)).toBeGreaterThanOrEqual(0.9999);
  });

  it("equal those of Python's libraries in twenty scripts", async () => {
    const file = readFileSync("test/fixtures/tokenizers/vectors.json", "utf8");
    // Numbers of 16 bits, whose scale makes no difference to a cosine.
    const bytes = Buffer.from((JSON.parse(file) as { vectors: string }).vectors, "base64");
    const { dimensions = 0 } = engine.info.tasks.embed ?? {};
    const texts = tokenizerStrings().slice(0, bytes.length / (2 * dimensions));
    expect(texts).toHaveLength(6 * scriptNames.length);
    const cosines = (await vectorsOf(job(texts))).map(({ values }, place) => {
      const at = (i: number) => bytes.readInt16LE(2 * (place * dimensions + i));
      return cosine(
        values,
        Array.from(values, (_, i) => at(i)),
      );
    });
    expect(Math.min(...cosines)).toBeGreaterThanOrEqual(0.9999);
  });

  it("are the same in a batch as alone", async () => {
    const texts = reference.cases.map(({ text }) => text).slice(0, 8);
    const together = await vectorsOf(job(texts, "end"));
    for (const [i, text] of texts.entries()) {
      const [alone] = await vectorsOf(job([text], "end"));
      const off = alone!.values.map((value, d) => Math.abs(value - together[i]!.values[d]!));
      expect(Math.max(...off)).toBeLessThan(1e-5);
    }
  });

  it("are the same with another number of threads", async () => {
    const [before] = await vectorsOf(job(["a cat on the mat"]));
    engine.setThreads(2);
    const [after] = await vectorsOf(job(["a cat on the mat"]));
    engine.setThreads(1);
    expect(cosine(before!.values, after!.values)).toBeGreaterThan(0.999_999);
  });

  it("put texts of one meaning nearer than others", async () => {
    const texts = ["a cat on the mat", "a kitten on a rug", "quarterly tax returns"];
    const [cat, kitten, tax] = await vectorsOf(job(texts));
    const near = cosine(cat!.values, kitten!.values);
    expect(near).toBeGreaterThan(cosine(cat!.values, tax!.values) + 0.2);
  });
});

describe("token ids", () => {
  const ids = Uint32Array.from({ length: 400 }, (_, place) => 1000 + place);
  const ofIds = (items: readonly Uint32Array[], truncate: EmbedJob["truncate"] = "none") =>
    vectorsOf(embedJob(items, { truncate }));

  it("of a text, special ones included, have its vector", async () => {
    const texts = reference.cases.map(({ text }) => text).filter((text) => text.length < 400);
    const tokenized: Uint32Array[] = [];
    for (const text of texts) {
      const asked = { addSpecial: true, parseSpecial: false, withPieces: false };
      const answer = await engine.answer!({ kind: "tokenize", text, ...asked });
      tokenized.push((answer as Tokenized).ids);
    }
    const read = await ofIds(tokenized);
    for (const [place, { values, tokenCount }] of (await vectorsOf(job(texts))).entries()) {
      expect(cosine(read[place]!.values, values)).toBeGreaterThan(0.999_999);
      expect(read[place]!.tokenCount).toBe(tokenCount);
    }
  });

  it("are cut at one end, or fail alone, where they are too many", async () => {
    const [head, tail] = [ids.subarray(0, 256), ids.subarray(144)];
    for (const [truncate, kept] of [
      ["end", head],
      ["start", tail],
    ] as const) {
      const [cut] = await ofIds([ids], truncate);
      const [same] = await ofIds([kept]);
      expect(cut).toMatchObject({ tokenCount: 256, truncated: true });
      expect(cosine(cut!.values, same!.values)).toBeGreaterThan(0.999_999);
    }
    const [failed, other] = await ofIds([ids, head]);
    expect(failed?.error).toMatchObject({
      reason: "INPUT_TOO_LONG",
      facts: { tokens: "400", limit: "256" },
    });
    expect(other?.error).toBeUndefined();
  });

  it("share batches with texts", async () => {
    const [texts, read] = await run(job(["one two"]), embedJob([Uint32Array.of(101, 2028, 102)]));
    expect([texts, read].map((each) => each!.timings.meanBatchSize)).toEqual([2, 2]);
  });
});

describe("long texts", () => {
  const long = "word ".repeat(400);

  it("fail alone, with how long they are", async () => {
    const [outcome] = await run(job(["short", long, "also short"]));
    const errors = outcome!.vectors.map(({ error }) => error?.reason);
    expect(errors).toEqual([undefined, "INPUT_TOO_LONG", undefined]);
    const [, failed] = outcome!.vectors;
    expect(failed!.error?.facts).toEqual({ tokens: "402", limit: "256" });
    expect(outcome!.usage.promptTokens).toBe(3 + 4);
  });

  it.each(["end", "start"] as const)("are cut at the %s", async (truncate) => {
    const head = "cats and dogs ".repeat(100);
    const tail = "income tax law ".repeat(100);
    const [cut, cats, tax] = await vectorsOf(job([head + tail, head, tail], truncate));
    expect(cut).toMatchObject({ tokenCount: 256, truncated: true });
    const kept = truncate === "end" ? cats : tax;
    expect(cosine(cut!.values, kept!.values)).toBeGreaterThan(0.99);
  });
});

describe("jobs", () => {
  it("of several callers share batches", async () => {
    const outcomes = await run(job(["one"]), job(["two"]), job(["three"]), job(["four"]));
    for (const { timings } of outcomes) expect(timings.meanBatchSize).toBe(4);
  });

  it("of one text are not kept behind one of hundreds", async () => {
    const big = nextId++;
    const small = nextId++;
    const bigTexts = Array.from({ length: 200 }, (_, i) => `sentence number ${i} of a big job`);
    engine.add(big, job(bigTexts), context);
    await engine.step();
    engine.add(small, job(["a newcomer"]), context);
    const order = [];
    while (engine.busy) {
      for (const { id, event } of await engine.step()) if (event.kind === "finish") order.push(id);
    }
    expect(order).toEqual([small, big]);
  });

  it("that are paused wait, and others go on", async () => {
    const [paused, running] = [nextId++, nextId++];
    engine.add(paused, job(["one"]), context);
    engine.add(running, job(["two"]), context);
    engine.pause(paused);
    const first = await engine.step();
    expect(new Set(first.map(({ id }) => id))).toEqual(new Set([running]));
    expect(engine.busy).toBe(false);
    engine.resume(paused);
    const second = await engine.step();
    expect(second.map(({ event }) => event.kind)).toEqual(["started", "item", "finish"]);
  });

  it("that are cancelled say nothing more", async () => {
    const id = nextId++;
    engine.add(id, job(Array.from({ length: 100 }, () => "some text")), context);
    await engine.step();
    engine.cancel(id);
    expect(engine.busy).toBe(false);
  });

  it("of another task are refused", () => {
    expect(() => engine.add(nextId++, generateJob("x"), context)).toThrow(
      expect.objectContaining({ reason: "WRONG_TASK" }),
    );
  });
});

describe("loading", () => {
  it.each([
    ["options.size", { options: { size: 1 } }],
    ["options.pooling", { options: { pooling: "median" } }],
    ["options.batch", { options: { batch: true } }],
    ["options.output", { options: { output: "logits" } }],
    ["options.normalize", { options: { normalize: 1 } }],
    ["limits.context_length", { contextLength: 1024 }],
    ["tokenizer.json", { files: { ...source.files, tokenizer: join(folder, "none.json") } }],
    ["role model", { files: {} }],
  ])("says what is wrong with %s", async (what, change) => {
    const named = what.includes("tokenizer") ? "none.json" : what;
    await expect(load({ ...source, ...change }, host)).rejects.toThrow(named);
  });
});
