import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ServeError } from "../../src/base/errors.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { context, embedJob } from "../fixtures/jobs.ts";
import { complete, jobFor, modelPath, openEngine, Run } from "./llama-engine.ts";

const timeout = 120_000;
const story = "Once upon a time";
const other = "One day, a boy named Tom";
const cells = { kv_cells: 256 };

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ options: { prefix_reuse: false } });
}, timeout);
afterAll(async () => {
  await engine.close();
});

describe("a prompt that is too long", { timeout }, () => {
  const long = (words: number): string => "the dog ".repeat(words);
  const refusal = (job: ReturnType<typeof jobFor>): ServeError => {
    try {
      engine.add(1, job, context);
    } catch (thrown) {
      if (thrown instanceof ServeError) return thrown;
    }
    throw new Error("it was not refused");
  };

  it("is refused with its length and the context's", () => {
    const error = refusal(jobFor(long(3000)));
    expect(error.reason).toBe("PROMPT_TOO_LONG");
    expect(error.facts["contextLength"]).toBe("2048");
    expect(Number(error.facts["promptTokens"])).toBeGreaterThan(2048);
    expect(engine.busy).toBe(false);
  });

  it.each(["start", "end"] as const)("is cut from its %s where asked", async (truncate) => {
    const text = `Once ${long(3000)} and then`;
    const [one] = await complete(
      engine,
      jobFor(text, { maxTokens: 8, ignoreEos: true }, { truncate }),
    );
    expect(one!.result.usage).toMatchObject({ promptTokens: 2040, completionTokens: 8 });
  });

  it("ends a completion when the context is full", async () => {
    const small = await openEngine({ contextLength: 32, maxSequences: 2 });
    const [one] = await complete(small, jobFor(story, { maxTokens: 500, ignoreEos: true }));
    expect(one!.result.reason).toBe("length");
    const { promptTokens, completionTokens } = one!.result.usage;
    expect(promptTokens + completionTokens).toBe(32);
    await small.close();
  });

  it.each([
    ["a token outside the vocabulary", { kind: "token_ids", ids: Uint32Array.of(1, 99_999) }],
    ["no token at all", { kind: "token_ids", ids: new Uint32Array() }],
  ] as const)("is told from %s", (_, input) => {
    expect(refusal(jobFor(input)).reason).toBe("FIELD_INVALID");
  });

  it("is told from a job of another task", () => {
    expect(() => engine.add(1, embedJob(["x"]), context)).toThrow(ServeError);
  });
});

describe("control between steps", { timeout }, () => {
  it("gives nothing for a cancelled job, and its slot to the next", async () => {
    const one = await openEngine({ contextLength: 256, maxSequences: 1 });
    const run = new Run(one);
    run.add(1, jobFor(story, { maxTokens: 200, ignoreEos: true }));
    await run.until(() => run.events(1).length > 3);
    run.add(2, jobFor(other, { maxTokens: 4 }));
    one.cancel(1);
    one.cancel(1);
    const before = run.events(1).length;
    await run.until();
    expect(run.events(1)).toHaveLength(before);
    expect(run.completion(2).result.usage.completionTokens).toBeGreaterThan(0);
    await one.close();
  });

  it("computes nothing for a paused job, keeps its place, and loses no text", async () => {
    const [whole] = await complete(engine, jobFor(story, { maxTokens: 30, ignoreEos: true }));
    const run = new Run(engine);
    run.add(9101, jobFor(story, { maxTokens: 30, ignoreEos: true }));
    await run.until(() => run.events(9101).length > 5);
    engine.pause(9101);
    expect(engine.busy).toBe(false);
    const before = run.events(9101).length;
    run.add(9102, jobFor(other, { maxTokens: 10 }));
    await run.until();
    expect(run.events(9101)).toHaveLength(before);
    engine.resume(9101);
    await run.until();
    expect(run.completion(9101).text).toBe(whole!.text);
  });

  it("takes other numbers of threads between steps, with the same text", async () => {
    const [whole] = await complete(engine, jobFor(story));
    const run = new Run(engine);
    run.add(9201, jobFor(story));
    await run.until(() => run.events(9201).length > 3);
    engine.setThreads(2);
    await run.until(() => run.events(9201).length > 6);
    engine.setThreads(1);
    await run.until();
    expect(run.completion(9201).text).toBe(whole!.text);
  });
});

describe("a long prompt", { timeout }, () => {
  it("enters in stretches while others go on, and changes none of their text", async () => {
    const [whole] = await complete(engine, jobFor(story, { maxTokens: 60, ignoreEos: true }));
    const text = "Tom had a big red ball and a small dog. ".repeat(60);
    const run = new Run(engine);
    run.add(9301, jobFor(story, { maxTokens: 60, ignoreEos: true }));
    await run.until(() => run.events(9301).length > 3);
    run.add(9302, jobFor(text, { maxTokens: 4, ignoreEos: true }));
    let pieces = 0;
    await run.until(() => {
      pieces = run.events(9301).length;
      return run.events(9302).some((event) => event.kind === "piece") || pieces >= 60;
    });
    expect(pieces).toBeGreaterThan(8);
    await run.until();
    expect(run.completion(9301).text).toBe(whole!.text);
    expect(run.completion(9302).result.usage.promptTokens).toBeGreaterThan(500);
  });

  it("is continued the same however it was cut", async () => {
    const [whole] = await complete(engine, jobFor(story, { maxTokens: 120, ignoreEos: true }));
    const job = jobFor(story + whole!.text, { maxTokens: 4, ignoreEos: true });
    const [atOnce] = await complete(engine, job);
    const small = await openEngine({ contextLength: 512, options: { batch_tokens: 32 } });
    const [inStretches] = await complete(small, job);
    expect(inStretches!.text).toBe(atOnce!.text);
    await small.close();
  });
});

describe("KV cells that run out", { timeout }, () => {
  it("cost the youngest time, and nobody text", async () => {
    const jobs = [story, other, "The cat looked at", "It was raining, so"].map((text) =>
      jobFor(text, { maxTokens: 120, ignoreEos: true }),
    );
    const expected = await complete(engine, ...jobs);
    // Four completions of about 125 tokens in 256 cells.
    const tight = await openEngine({ contextLength: 256, maxSequences: 4, options: cells });
    const together = await complete(tight, ...jobs);
    together.forEach((one, index) => {
      expect(one.result.usage.completionTokens).toBe(120);
      // Computed again, a token's numbers differ in their last digits, so that later words may too.
      expect(one.text.slice(0, 80)).toBe(expected[index]!.text.slice(0, 80));
    });
    await tight.close();
  });

  it("are taken from a paused job when a running one needs them", async () => {
    const tight = await openEngine({ contextLength: 256, maxSequences: 2, options: cells });
    const long = { maxTokens: 200, ignoreEos: true };
    const [whole] = await complete(tight, jobFor(story, long));
    const run = new Run(tight);
    run.add(1, jobFor(story, long));
    await run.until(() => run.events(1).length > 100);
    const said = run.events(1).flatMap((event) => (event.kind === "piece" ? [event.text] : []));
    tight.pause(1);
    run.add(2, jobFor(other, long));
    await run.until();
    expect(run.completion(2).result.usage.completionTokens).toBe(200);
    tight.resume(1);
    await run.until();
    const { text, result } = run.completion(1);
    expect(result.usage.completionTokens).toBe(200);
    expect(text.startsWith(whole!.text.slice(0, said.join("").length + 4))).toBe(true);
    await tight.close();
  });
});

describe("prefix reuse", { timeout }, () => {
  it("computes a shared beginning once, and gives the same greedy text", async () => {
    const options = { kv_unified: true };
    const reuse = await openEngine({ maxSequences: 4, contextLength: 512, options });
    const shared = "Once upon a time, in a small village by the sea, there lived a girl. ";
    const jobs = ["She", "Her dog", "One day"].map((end) =>
      jobFor(shared + end, { maxTokens: 24 }),
    );
    const afresh: string[] = [];
    for (const job of jobs) afresh.push((await complete(engine, job))[0]!.text);
    const [first] = await complete(reuse, jobs[0]!);
    expect(first!.result.usage.cachedPromptTokens).toBe(0);
    const after = await complete(reuse, ...jobs);
    expect(after.map((one) => one.text)).toEqual(afresh);
    for (const { result } of after) {
      expect(result.usage.cachedPromptTokens).toBeGreaterThan(10);
      expect(result.usage.cachedPromptTokens).toBeLessThan(result.usage.promptTokens);
    }
    await reuse.close();
  });

  it("takes nothing over where the manifest says so, not even from a prompt beside it", async () => {
    const options = { kv_unified: true, prefix_reuse: false };
    const apart = await openEngine({ maxSequences: 2, contextLength: 256, options });
    const run = new Run(apart);
    run.add(1, jobFor("Once upon a time, in a small village by the sea, there was"));
    await run.until(() => run.events(1).length > 3);
    run.add(2, jobFor("Once upon a time, in a small village by the sea, there lived"));
    await run.until();
    expect(run.completion(2).result.usage.cachedPromptTokens).toBe(0);
    await apart.close();
  });
});

describe("a bad model file", () => {
  const folder = mkdtempSync(join(tmpdir(), "inferd-llama-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, write: (path: string) => void): string => {
    const path = join(folder, name);
    write(path);
    return path;
  };

  it.each([
    ["that is missing", () => join(folder, "missing"), "does not exist"],
    [
      "that is a Git LFS pointer",
      () => file("lfs", (path) => writeFileSync(path, "version https://git-lfs")),
      "Git LFS",
    ],
    ["that is empty", () => file("empty", (path) => writeFileSync(path, "")), "not a GGUF file"],
    [
      "that is cut short",
      () =>
        file("short", (path) => {
          copyFileSync(modelPath, path);
          truncateSync(path, Math.floor(readFileSync(modelPath).length / 2));
        }),
      "cut short",
    ],
    [
      "with a damaged header",
      () => file("damaged", (path) => writeFileSync(path, "GGUF\x03\0\0\0\xff\xff\xff\xff")),
      "damaged",
    ],
  ])("%s is refused in one line without its path", async (_, make, message) => {
    const model = make();
    const error = await openEngine({ files: { model } }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    const text = error instanceof Error ? error.message : "";
    expect(text).toContain(message);
    expect(text).not.toContain("\n");
    expect(text).not.toContain(folder);
  });
});
