/** GGUF embedders of several architectures, against what sentence-transformers computes with the same weights. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type {
  EmbedInput,
  EmbedJob,
  Engine,
  JobEvent,
  Tokenized,
} from "../../src/engines/engine.ts";
import { cosine, embed } from "../fixtures/encoder-folders.ts";
import { context, embedJob, generateJob, vectorsIn } from "../fixtures/jobs.ts";
import { openEngine } from "./llama-engine.ts";

interface Case {
  readonly name: string;
  readonly texts: readonly Read[];
  readonly ids: readonly Omit<Read, "text">[];
}

interface Read {
  readonly text: string;
  readonly ids: readonly number[];
  readonly vector: readonly number[];
}

// Written by sentence-transformers; recipe.py next to them says how.
const folder = "test/fixtures/embedders";
const cases = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8")) as readonly Case[];

/** As many tokens as the recipe's models take; nomic-bert's converter knows no other length than its own. */
const contextLength = 32;

/** Opens a model of the recipe. */
const open = (name: string, options: Record<string, unknown> = {}): Promise<Engine> =>
  openEngine({ files: { model: join(folder, `${name}.gguf`) }, contextLength, options });

/** llama.cpp looks up BERT's activation in a table of 16 bits. Vectors are some units long. */
const mostOff = (name: string): number => (name.startsWith("bert") ? 5e-3 : 1e-4);

const oneCase = cases.find(({ name }) => name === "bert-mean")!;

const quantised = cases.find(({ name }) => name.includes("q8_0"))!;

describe.each(cases.filter((each) => each !== quantised))("$name", ({ name, texts, ids }) => {
  it("gives the vectors and token counts of sentence-transformers", async () => {
    const engine = await open(name);
    const pooling = name.split("-").at(-1);
    const batching = "together";
    expect(engine.info.tasks.embed).toMatchObject({ dimensions: 32, pooling, batching });
    // sentence-transformers cuts long texts without saying so.
    const read = await embed(
      engine,
      texts.map(({ text }) => text),
      { truncate: "end" },
    );
    for (const [place, { values, tokenCount }] of read.entries()) {
      const { text, ids, vector } = texts[place]!;
      expect(tokenCount, text).toBe(ids.length);
      expect(cosine(values, vector), text).toBeGreaterThanOrEqual(0.999_999);
      // Their length too, which nothing scales here.
      expect(largestDifference(values, vector), text).toBeLessThan(mostOff(name));
    }
    const ofIds = await embed(
      engine,
      ids.map((each) => Uint32Array.from(each.ids)),
    );
    for (const [place, { values }] of ofIds.entries()) {
      expect(cosine(values, ids[place]!.vector)).toBeGreaterThanOrEqual(0.999_999);
      expect(largestDifference(values, ids[place]!.vector)).toBeLessThan(mostOff(name));
    }
    await engine.close();
  });

  it("gives a text the same vector in any batch, of several callers", async () => {
    const engine = await open(name);
    const inputs = texts.map(({ text }) => text);
    const together = await run(engine, [inputs, inputs.toReversed(), ["b"]], { truncate: "end" });
    for (const [place, text] of inputs.entries()) {
      const [alone] = await embed(engine, [text], { truncate: "end" });
      for (const values of [together[0]![place]!, together[1]!.at(-1 - place)!]) {
        expect(cosine(values, alone!.values)).toBeGreaterThan(0.999_999);
        expect(largestDifference(values, alone!.values)).toBeLessThan(1e-4);
      }
    }
    await engine.close();
  });
});

it("gives a text the very same vector after any others where the weights are quantised", async () => {
  const engine = await open(quantised.name);
  expect(engine.info.tasks.embed?.batching).toBe("alone");
  const inputs = quantised.texts.map(({ text }) => text);
  const [together] = await run(engine, [inputs, inputs.toReversed()], { truncate: "end" });
  for (const [place, { text, vector }] of quantised.texts.entries()) {
    // An engine that has computed nothing else.
    const fresh = await open(quantised.name);
    const [alone] = await embed(fresh, [text], { truncate: "end" });
    await fresh.close();
    expect(together![place]).toEqual(alone!.values);
    // The vector is of the weights before they were quantised.
    expect(cosine(alone!.values, vector), text).toBeGreaterThan(0.99);
  }
  await engine.close();
});

/** The vectors of jobs that are computed together. */
async function run(
  engine: Engine,
  jobs: readonly (readonly EmbedInput[])[],
  changes: Partial<EmbedJob>,
): Promise<readonly (readonly Float32Array[])[]> {
  for (const [id, items] of jobs.entries()) engine.add(id, embedJob(items, changes), context);
  const events = jobs.map((): JobEvent[] => []);
  while (engine.busy) for (const { id, event } of await engine.step()) events[id]!.push(event);
  const sizes = events.map((each) => {
    const last = each.at(-1);
    return last?.kind === "finish" ? last.timings.meanBatchSize : 0;
  });
  // The callers' texts were in batches with each other's.
  expect(Math.max(...sizes)).toBeGreaterThan(jobs[0]!.length / 2);
  return events.map((each) =>
    vectorsIn(each)
      .toSorted((a, b) => a.index - b.index)
      .map(({ values }) => values),
  );
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a).toHaveLength(b.length);
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));
}

it("refuses a text that llama.cpp reads otherwise, alone, and reads accents as the model's authors do", async () => {
  const engine = await open("bert-mean");
  const [plain, accented, failed] = await embed(engine, ["a cat", "a\u0301 c\u00e1t", "दुनिया"]);
  expect(accented?.values).toEqual(plain?.values);
  expect(failed?.error).toMatchObject({ reason: "INPUT_UNREADABLE" });
  const question = { kind: "tokenize", text: "दुनिया" } as const;
  const options = { addSpecial: true, parseSpecial: false, withPieces: false };
  await expect(engine.answer?.({ ...question, ...options })).rejects.toThrow(
    "llama.cpp reads otherwise",
  );
  await engine.close();
});

describe("a text that is too long", () => {
  const long = "one ".repeat(40);

  it("fails alone, with how long it is", async () => {
    const engine = await open("bert-mean");
    const [short, failed, other] = await embed(engine, ["a", long, "b"]);
    expect([short?.error, other?.error]).toEqual([undefined, undefined]);
    expect(failed?.error).toMatchObject({
      reason: "INPUT_TOO_LONG",
      facts: { tokens: "122", limit: "32" },
    });
    await engine.close();
  });

  it("keeps its end, and the tokens around it", async () => {
    const engine = await open("bert-mean");
    const [cut] = await embed(engine, [long], { truncate: "start" });
    const one = await idsOf(engine, "one", false);
    const kept = [2, ...Array.from({ length: 10 }, () => one).flat(), 3];
    const [same] = await embed(engine, [Uint32Array.from(kept)]);
    expect(cut).toMatchObject({ tokenCount: 32, truncated: true });
    expect(largestDifference(cut!.values, same!.values)).toBeLessThan(1e-5);
    await engine.close();
  });
});

async function idsOf(engine: Engine, text: string, addSpecial: boolean): Promise<number[]> {
  const asked = { kind: "tokenize", text, addSpecial, parseSpecial: false } as const;
  const answered = await engine.answer!({ ...asked, withPieces: false });
  return [...(answered as Tokenized).ids];
}

it("answers what a text is read as", async () => {
  const engine = await open("bert-mean");
  const { text, ids } = oneCase.texts[0]!;
  expect(await idsOf(engine, text, true)).toEqual(ids);
  await engine.close();
});

it("pools as a manifest states, in place of its file", async () => {
  const engine = await open("bert-mean", { pooling: "cls" });
  const other = await open("bert-cls");
  expect(engine.info.tasks.embed?.pooling).toBe("cls");
  const [[stated], [own]] = [await embed(engine, ["a cat"]), await embed(other, ["a cat"])];
  // The two files have the same weights.
  expect([...stated!.values]).toEqual([...own!.values]);
  await Promise.all([engine.close(), other.close()]);
});

it("generates nothing, and has no prompt", async () => {
  const engine = await open("bert-mean");
  expect(() => engine.add(1, generateJob("a"), context)).toThrow(/can embed, and cannot generate/);
  expect(() => engine.add(1, embedJob(["a"], { promptName: "q" }), context)).toThrow(/no prompt/);
  await engine.close();
});

describe("is refused in a line", () => {
  it.each([
    ["an option for generation", {}, { kv_unified: true }, /"kv_unified" is for models that gen/],
    ["a context beyond the model's", { contextLength: 33 }, {}, /is 33, and the model takes 32/],
    ["a pooling that is none", {}, { pooling: "none" }, /"pooling" must be one of mean, cls/],
    ["one without room for a text", { contextLength: 2 }, {}, /leaves none for a text/],
  ])("%s", async (_, source, options, message) => {
    const model = join(folder, "bert-mean.gguf");
    const opened = openEngine({ files: { model }, contextLength, options, ...source });
    await expect(opened).rejects.toThrow(message);
  });
});
