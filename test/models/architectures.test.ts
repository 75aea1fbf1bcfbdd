/**
 * The llama engine on one small model of each kind that llama.cpp computes differently. Random weights
 * show what trained ones hide: a state that is lost or not one's own gives other tokens at once.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CompletionJob, Engine, EngineHost } from "../../src/engines/engine.ts";
import { attentionModels } from "../fixtures/attention-models.ts";
import { recurrentModels } from "../fixtures/recurrent-models.ts";
import { seededRandom } from "../../bench/lib/random.ts";
import { complete, Run } from "./llama-engine.ts";
import { alone, letters, tinyJob, TinyModels } from "./tiny-engine.ts";

const timeout = 60_000;
const models = new TinyModels();
afterAll(() => models.remove());

const served = Object.keys({ ...attentionModels, ...recurrentModels });
/** The most of a beginning that can be taken over: all that two prompts have in common, or nothing. */
const shared = letters(9, 24);
const reusable = (architecture: string): number =>
  architecture in attentionModels ? shared.length : 0;

const sliding = new Set(["gemma2", "gemma3"]);

it("is listed in the documents", () => {
  const page = readFileSync("docs/models.md", "utf8");
  const [, told = ""] = /<!-- architectures -->\n\n(.*?)\n\n/s.exec(page) ?? [];
  expect([...told.matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual(served);
});

describe.each(served)("a model of architecture %s", { timeout }, (architecture) => {
  let plain: Engine;
  beforeAll(async () => {
    plain = await models.open(architecture);
  });
  afterAll(async () => {
    await plain.close();
  });

  it("writes what hangs on all of its prompt", async () => {
    const [first, other] = [letters(1, 20), [120, ...letters(1, 20).slice(1)]];
    const [one, again, two] = await alone(plain, tinyJob(first), tinyJob(first), tinyJob(other));
    expect(one).toHaveLength(12);
    expect(again).toEqual(one);
    expect(two).not.toEqual(one);
    expect(new Set(one).size).toBeGreaterThan(3);
  });

  it.each([true, false])(
    "writes the same beside others as alone, where cells are shared: %s",
    async (unified) => {
      // One is longer than a step.
      const jobs = [5, 9, 20, 50].map((length, seed) => tinyJob(letters(seed, length)));
      const expected = await alone(plain, ...jobs);
      const engine = await models.open(architecture, { unified });
      const together = await complete(engine, ...jobs);
      expect(together.map(({ tokens }) => tokens)).toEqual(expected);
      await engine.close();
    },
  );

  it.each([true, false])(
    "writes the same after a beginning that is kept, where cells are shared: %s",
    async (unified) => {
      const jobs = [101, 102, 103].map((id) => tinyJob([...shared, id]));
      const expected = await alone(plain, ...jobs);
      const engine = await models.open(architecture, { unified, reuse: true, sequences: 2 });
      for (const [index, job] of jobs.entries()) {
        const [one] = await complete(engine, job);
        expect(one!.tokens).toEqual(expected[index]);
        const kept = index === 0 ? 0 : reusable(architecture);
        expect(one!.result.usage.cachedPromptTokens).toBe(kept);
      }
      await engine.close();
    },
  );

  it("writes the same after a beginning that another is going on from", async () => {
    const [first, second] = [tinyJob([...shared, 101], 20), tinyJob([...shared, 102])];
    const expected = await alone(plain, first, second);
    const engine = await models.open(architecture, { unified: true, reuse: true });
    const run = new Run(engine);
    run.add(1, first);
    await run.until(() => run.events(1).length > 4);
    run.add(2, second);
    await run.until();
    expect([run.completion(1).tokens, run.completion(2).tokens]).toEqual(expected);
    const { cachedPromptTokens } = run.completion(2).result.usage;
    expect(cachedPromptTokens).toBe(reusable(architecture));
    await engine.close();
  });

  it("writes the same after a rest in host memory", async () => {
    const engine = await models.open(architecture, { reuse: true, sequences: 1 });
    const [first, other] = [letters(5, 60), letters(6, 60)];
    const [said] = await alone(plain, tinyJob(first));
    await complete(engine, tinyJob(first));
    await complete(engine, tinyJob(other));
    // The next turn begins with all that was said; the last token of it was never computed.
    const turn = tinyJob([...first, ...said!, ...letters(7, 10)]);
    const [expected] = await alone(plain, turn);
    const [one] = await complete(engine, turn);
    expect(one!.tokens).toEqual(expected);
    expect(one!.result.usage.cachedPromptTokens).toBe(first.length + said!.length - 1);
    await engine.close();
  });

  it("writes the same after a prompt that another goes on from otherwise, from host memory", async () => {
    const engine = await models.open(architecture, { reuse: true, sequences: 1 });
    const first = letters(5, 60);
    const [said] = await complete(engine, tinyJob(first));
    await complete(engine, tinyJob(letters(6, 60)));
    const turn = tinyJob([...first, said!.tokens[0]! === 101 ? 102 : 101, 103]);
    const [expected] = await alone(plain, turn);
    const [one] = await complete(engine, turn);
    expect(one!.tokens).toEqual(expected);
    // A copy lacks what lies behind a sliding window.
    const kept = sliding.has(architecture) ? 0 : first.length;
    expect(one!.result.usage.cachedPromptTokens).toBe(kept);
    await engine.close();
  });

  it("writes the same after its sequences have moved together", async () => {
    const jobs = [0, 1, 2, 3].map((seed) => tinyJob(letters(seed, 20), 60));
    const expected = await alone(plain, ...jobs);
    const engine = await models.open(architecture);
    const run = new Run(engine);
    for (const [index, job] of jobs.entries()) run.add(index, job);
    await run.until(() => run.events(3).length > 10);
    for (const gone of [1, 2]) engine.cancel(gone);
    await run.until();
    expect([0, 3].map((id) => run.completion(id).tokens)).toEqual([expected[0], expected[3]]);
    await engine.close();
  });

  it("writes the same whatever is remembered and forgotten", async () => {
    const engine = await models.open(architecture, { reuse: true, sequences: 2, memoryMib: 1 });
    const random = seededRandom(architecture.length);
    const below = (most: number) => Math.floor(random() * most);
    const chats = [0, 1, 2, 3, 4].map((seed) => [...letters(seed, 40)]);
    let cached = 0;
    for (let turn = 0; turn < 24; turn += 1) {
      const jobs = [0, 1].map((place) => {
        const chat = chats[(below(3) + 2 * place + turn) % chats.length]!;
        if (chat.length > 180) chat.length = 40;
        // A turn goes on from all of it, or from somewhere within.
        if (below(3) === 0) chat.length -= below(chat.length - 20);
        chat.push(...letters(turn, 1 + below(30)));
        return { chat, job: tinyJob([...chat], 1 + below(12)) };
      });
      const expected = await alone(plain, ...jobs.map(({ job }) => job));
      const given = await complete(engine, ...jobs.map(({ job }) => job));
      for (const [place, { tokens, result }] of given.entries()) {
        expect(tokens).toEqual(expected[place]);
        cached += result.usage.cachedPromptTokens;
        jobs[place]!.chat.push(...tokens);
      }
    }
    expect(cached).toBeGreaterThan(400);
    await engine.close();
  });

  it("writes the same whoever comes, waits and leaves meanwhile", async () => {
    const engine = await models.open(architecture, { reuse: true, memoryMib: 1 });
    const random = seededRandom(architecture.length + 1);
    const below = (most: number) => Math.floor(random() * most);
    const run = new Run(engine);
    const jobs = new Map<number, CompletionJob | undefined>();
    const paused = new Set<number>();
    for (let step = 0; step < 160; step += 1) {
      const id = jobs.size;
      // Few beginnings, so that many are shared.
      const job = tinyJob([
        ...letters(below(3), 40 + 20 * below(3)),
        ...letters(id, 1 + below(20)),
      ]);
      if (below(4) === 0) {
        jobs.set(id, job);
        run.add(id, job);
      }
      const other = below(id + 1);
      if (below(8) === 0) {
        engine.cancel(other);
        jobs.set(other, undefined);
      }
      if (below(6) === 0) {
        engine.pause(other);
        paused.add(other);
      }
      for (const one of below(3) === 0 ? paused : []) engine.resume(one);
      await run.step();
    }
    for (const one of paused) engine.resume(one);
    await run.until();
    let finished = 0;
    for (const [id, job] of jobs) {
      if (job === undefined) continue;
      const [expected] = await alone(plain, job);
      expect(run.completion(id).tokens).toEqual(expected);
      finished += 1;
    }
    expect(finished).toBeGreaterThan(10);
    await engine.close();
  });

  it("goes on to the end of its context and no further", async () => {
    // Its learned positions may end there too.
    const [one] = await complete(plain, tinyJob(letters(2, 200), 1000));
    expect(one!.result).toMatchObject({
      reason: "length",
      usage: { promptTokens: 200, completionTokens: 56 },
    });
  });

  it("leaves nothing of a cancelled job to the next in its place", async () => {
    const [expected] = await alone(plain, tinyJob(letters(3, 10)));
    const engine = await models.open(architecture, { sequences: 1 });
    const run = new Run(engine);
    run.add(1, tinyJob(letters(4, 30), 100));
    await run.until(() => run.events(1).length > 4);
    engine.cancel(1);
    expect(engine.memory!.usedCells).toBe(0);
    run.add(2, tinyJob(letters(3, 10)));
    await run.until();
    expect(run.completion(2).tokens).toEqual(expected);
    await engine.close();
  });
});

describe("memory that runs out", { timeout }, () => {
  it.each(["gemma2", "mamba", "jamba", "lfm2"])(
    "costs a model of %s no text, and no word in the log",
    async (name) => {
      const jobs = [0, 1, 2, 3].map((seed) => tinyJob(letters(seed, 30), 80));
      const plain = await models.open(name);
      const expected = await alone(plain, ...jobs);
      await plain.close();
      const loud: string[] = [];
      const log: EngineHost["log"] = (level, line) => {
        if (level === "warn" || level === "error") loud.push(line);
      };
      const tight = await models.open(name, { unified: true, cells: 256, log });
      const together = await complete(tight, ...jobs);
      for (const [index, { tokens }] of together.entries()) {
        expect(tokens).toHaveLength(80);
        expect(tokens.slice(0, 12)).toEqual(expected[index]!.slice(0, 12));
      }
      // Room is made again and again, which is nothing to tell an operator.
      expect(loud).toEqual([]);
      await tight.close();
    },
  );
});

describe("a window that slides", { timeout }, () => {
  it.each(["gemma2", "gemma3"])(
    "of %s takes cells from a kept beginning, which is then computed again",
    async (name) => {
      const [begun, next] = [letters(5, 60), tinyJob([...letters(5, 50), 101])];
      const plain = await models.open(name);
      const [expected] = await alone(plain, next);
      await plain.close();
      const engine = await models.open(name, {
        ...{ unified: true, reuse: true, sequences: 2, cells: 256 },
      });
      // The first makes room before the cells of the second, and the third outgrows that room.
      for (const [ids, tokens] of [
        [letters(6, 60), 10],
        [begun, 20],
        [letters(7, 60), 60],
      ] as const) {
        await complete(engine, tinyJob(ids, tokens));
      }
      const [one] = await complete(engine, next);
      expect(one!.tokens).toEqual(expected);
      await engine.close();
    },
  );
});

describe("a model that does not write token by token", () => {
  it.each([
    ["t5", "the model is of architecture t5, which has an encoder and a decoder"],
    ["dream", "the model is of architecture dream, which writes by diffusion"],
    ["bert", "gives a vector for each token and none of a text"],
  ])("is refused where it is of architecture %s", async (name, message) => {
    const error = await models.open(name).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    const said = error instanceof Error ? error.message : "";
    expect(said).toContain(message);
    expect(said).not.toContain("\n");
  });
});
