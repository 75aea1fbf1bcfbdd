import { describe, expect, it } from "vitest";
import type {
  Engine,
  EngineHost,
  Job,
  JobEvent,
  ModelSource,
} from "../../../src/engines/engine.ts";
import { ServeError, serveFunctions } from "../../../src/engines/functions/index.ts";
import type { Functions, MakeFunctions } from "../../../src/engines/functions/index.ts";
import {
  classifyJob,
  context,
  embedJob,
  generateJob,
  rerankJob,
  sampling,
  vectorsIn,
} from "../../fixtures/jobs.ts";

const source: ModelSource = {
  name: "m",
  files: {},
  chatTemplate: undefined,
  contextLength: undefined,
  maxSequences: undefined,
  options: { greeting: "hello" },
  threads: 1,
};

async function open(functions: Functions | MakeFunctions) {
  const logged: string[] = [];
  const host: EngineHost = {
    progress: () => undefined,
    log: (_, message) => logged.push(message),
    now: () => performance.now(),
    maxStepMs: 60_000,
  };
  return { engine: await serveFunctions(functions)(source, host), logged };
}

/** Steps the engine until it is idle, and returns each job's events. */
async function drive(engine: Engine, ...jobs: Job[]): Promise<JobEvent[][]> {
  const given: JobEvent[][] = jobs.map(() => []);
  jobs.forEach((job, id) => engine.add(id, job, context));
  while (engine.busy) {
    for (const { id, event } of await engine.step()) given[id]?.push(event);
  }
  return given;
}

const textOf = (events: readonly JobEvent[]) =>
  events.map((event) => (event.kind === "piece" ? event.text : "")).join("");

function* count() {
  for (let number = 1; ; number++) yield `${number} `;
}

describe("functions that generate", () => {
  it("stream what they yield", async () => {
    const { engine } = await open({
      async *generate({ prompt }) {
        await Promise.resolve();
        for (const word of prompt.split(" ").reverse()) yield `${word} `;
      },
    });
    const [events = []] = await drive(engine, generateJob("one two"));
    expect(events.map(({ kind }) => kind)).toEqual(["started", "piece", "piece", "finish"]);
    expect(textOf(events)).toBe("two one ");
    expect(events.at(-1)).toMatchObject({ reason: "stop", usage: { completionTokens: 2 } });
  });

  it("are ended by max_tokens, counted in pieces", async () => {
    const { engine } = await open({ generate: count });
    const job = generateJob("", { sampling: { ...sampling, maxTokens: 3 } });
    const [events = []] = await drive(engine, job);
    expect(textOf(events)).toBe("1 2 3 ");
    expect(events.at(-1)).toMatchObject({ reason: "length", usage: { completionTokens: 3 } });
  });

  it("are ended by a stop sequence across pieces, and closed", async () => {
    let isClosed = false;
    const { engine } = await open({
      *generate() {
        try {
          yield* count();
        } finally {
          isClosed = true;
        }
      },
    });
    const [events = []] = await drive(engine, generateJob("", { stop: ["2 3"] }));
    expect(textOf(events)).toBe("1 ");
    expect(events.at(-1)).toMatchObject({ reason: "stop_sequence", stopSequence: "2 3" });
    expect(isClosed).toBe(true);
  });

  it("run side by side", async () => {
    const turns: string[] = [];
    const { engine } = await open({
      *generate({ prompt }) {
        for (let turn = 0; turn < 2; turn++) {
          turns.push(prompt);
          yield prompt;
        }
      },
    });
    await drive(engine, generateJob("a"), generateJob("b"));
    expect(turns).toEqual(["a", "b", "a", "b"]);
  });

  it("see a chat's last message as the prompt, and the whole chat", async () => {
    const { engine } = await open({
      *generate({ prompt, messages }) {
        yield `${prompt} of ${messages.length}`;
      },
    });
    const messages = [
      { role: "system", content: "x" },
      { role: "user", content: "last" },
    ] as const;
    const [events = []] = await drive(
      engine,
      generateJob("", { input: { kind: "chat", messages } }),
    );
    expect(textOf(events)).toBe("last of 2");
  });

  it("are told that the caller left, and give nothing more", async () => {
    let seen: AbortSignal | undefined;
    const { engine } = await open({
      async *generate(_, signal) {
        seen = signal;
        yield "a";
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        yield "b";
      },
    });
    engine.add(1, generateJob(""), context);
    await engine.step();
    await engine.step();
    await engine.step();
    engine.cancel(1);
    expect(seen?.aborted).toBe(true);
    expect(engine.busy).toBe(false);
    expect(await engine.step()).toEqual([]);
  });

  it("are not asked for more while their caller does not read", async () => {
    let asked = 0;
    const { engine } = await open({
      *generate() {
        for (;;) yield String(asked++);
      },
    });
    engine.add(1, generateJob(""), context);
    for (let step = 0; step < 5; step++) await engine.step();
    engine.pause(1);
    const before = asked;
    for (let step = 0; step < 3 && engine.busy; step++) await engine.step();
    expect([engine.busy, asked]).toEqual([false, before]);
    engine.add(2, generateJob(""), context);
    for (let step = 0; step < 5; step++) {
      const events = await engine.step();
      expect(events.every(({ id }) => id === 2)).toBe(true);
    }
    engine.cancel(2);
    engine.resume(1);
    expect(engine.busy).toBe(true);
  });

  it.each([
    {
      title: "a ServeError reaches the caller",
      thrown: new ServeError("PROMPT_TOO_LONG", "x"),
      reason: "PROMPT_TOO_LONG",
      lines: 0,
    },
    {
      title: "anything else is hidden and logged",
      thrown: new Error("secret"),
      reason: "INTERNAL",
      lines: 1,
    },
  ])("fail their own job: $title", async ({ thrown, reason, lines }) => {
    const { engine, logged } = await open({
      *generate({ prompt }) {
        yield "a";
        if (prompt === "bad") throw thrown;
      },
    });
    const [bad = [], good = []] = await drive(engine, generateJob("bad"), generateJob("good"));
    expect(bad.at(-1)).toMatchObject({ kind: "failed", error: { reason } });
    expect(JSON.stringify(bad)).not.toContain("secret");
    expect(good.at(-1)?.kind).toBe("finish");
    expect(logged).toHaveLength(lines);
  });

  it("refuse token ids: there is no vocabulary", async () => {
    const { engine } = await open({ generate: count });
    const job = generateJob("", { input: { kind: "token_ids", ids: Uint32Array.of(1) } });
    const [events = []] = await drive(engine, job);
    expect(events.at(-1)).toMatchObject({ kind: "failed", error: { reason: "FIELD_INVALID" } });
  });
});

describe("functions that embed", () => {
  it("give each text its vector, in order, a few at a time", async () => {
    const sizes: number[] = [];
    const { engine } = await open({
      dimensions: 2,
      embed: (texts) => {
        sizes.push(texts.length);
        return texts.map((text) => [Number(text), 1]);
      },
    });
    const texts = Array.from({ length: 70 }, (_, index) => String(index));
    const [events = []] = await drive(engine, embedJob(texts));
    expect(vectorsIn(events).map(({ index, values }) => [index, values[0]])).toEqual(
      texts.map((_, index) => [index, index]),
    );
    expect(sizes).toEqual([32, 32, 6]);
  });

  it("refuse token ids: there is no vocabulary", async () => {
    const { engine } = await open({ dimensions: 1, embed: (texts) => texts.map(() => [1]) });
    const [events = []] = await drive(engine, embedJob([Uint32Array.of(1)]));
    expect(events).toMatchObject([
      {
        kind: "failed",
        error: { reason: "FIELD_INVALID", violations: [{ field: "token_inputs" }] },
      },
    ]);
  });

  it.each([
    { title: "too few vectors", vectors: [] },
    { title: "vectors of another length", vectors: [[1, 2, 3]] },
  ])("fail on $title", async ({ vectors }) => {
    const { engine, logged } = await open({ dimensions: 2, embed: () => vectors });
    const [events = []] = await drive(engine, embedJob(["a"]));
    expect(events.at(-1)).toMatchObject({ kind: "failed", error: { reason: "INTERNAL" } });
    expect(logged).toHaveLength(1);
  });
});

describe("functions that rank", () => {
  const rank = {
    rerank: (query: string, documents: readonly string[]) =>
      documents.map((one) => (one === query ? 1 : 0)),
  };

  it("give each document its score, a few at a time", async () => {
    const { engine } = await open(rank);
    const documents = Array.from({ length: 70 }, (_, index) => String(index));
    const [events = []] = await drive(engine, rerankJob("42", documents));
    const scores = events.flatMap((event) =>
      event.kind === "item" && event.value?.kind === "score" ? [event.value.score] : [],
    );
    expect(scores).toEqual(documents.map((one) => (one === "42" ? 1 : 0)));
    expect(events.at(-1)).toMatchObject({ kind: "finish" });
  });

  it("have one kind of score", async () => {
    const { engine } = await open(rank);
    const [events = []] = await drive(engine, rerankJob("q", ["a"], { rawScores: true }));
    expect(events).toMatchObject([
      { kind: "failed", error: { violations: [{ field: "raw_scores", reason: "UNSUPPORTED" }] } },
    ]);
  });

  it.each([{ scores: [] }, { scores: ["1"] }, { scores: [[1]] }])(
    "fail where they give $scores",
    async ({ scores }) => {
      const { engine, logged } = await open({ rerank: () => scores as unknown as number[] });
      const [events = []] = await drive(engine, rerankJob("q", ["a"]));
      expect(events.at(-1)).toMatchObject({ kind: "failed", error: { reason: "INTERNAL" } });
      expect(logged.join()).toContain("rerank returned");
    },
  );
});

describe("functions that classify", () => {
  const labels = ["short", "pair"];

  it("read pairs, and give each label its score", async () => {
    const { engine } = await open({
      labels,
      multiLabel: true,
      classify: (inputs) =>
        inputs.map(({ text, pair }) => [1 / text.length, pair === undefined ? 0 : 1]),
    });
    expect(engine.info.tasks).toEqual({ classify: { labels, multiLabel: true } });
    const job = classifyJob(["ab", "a"], { pairs: [undefined, "b"] });
    const [events = []] = await drive(engine, job);
    expect(events).toMatchObject([
      { kind: "started" },
      { index: 0, value: { kind: "labels", scores: Float32Array.of(0.5, 0) } },
      { index: 1, value: { kind: "labels", scores: Float32Array.of(1, 1) } },
      { kind: "finish" },
    ]);
  });

  it("fail where a label has no score", async () => {
    const { engine, logged } = await open({ labels, classify: () => [[1]] });
    const [events = []] = await drive(engine, classifyJob(["a"]));
    expect(events.at(-1)).toMatchObject({ kind: "failed", error: { reason: "INTERNAL" } });
    expect(logged.join()).toContain("classify returned scores of 1 numbers, not 2");
  });
});

describe("serving functions", () => {
  it("can make them from the model's manifest", async () => {
    const { engine } = await open(async ({ options }) => {
      await Promise.resolve();
      return {
        *generate() {
          yield String(options["greeting"]);
        },
      };
    });
    const [events = []] = await drive(engine, generateJob(""));
    expect(textOf(events)).toBe("hello");
  });

  it("states what the functions can do", async () => {
    const { engine } = await open({ generate: count, embed: () => [], dimensions: 4, slots: 3 });
    const tasks = { generate: { chat: true }, embed: { dimensions: 4 } };
    expect(engine.info).toMatchObject({ tasks, slots: 3 });
  });

  it("refuses a job that no function is there for", async () => {
    const { engine } = await open({ generate: count });
    expect(() => engine.add(1, embedJob(["a"]), context)).toThrow(
      expect.objectContaining({ reason: "WRONG_TASK" }),
    );
  });

  it.each([
    { title: "no function", functions: {} },
    { title: "embed without dimensions", functions: { embed: () => [] } },
    { title: "classify without labels", functions: { classify: () => [] } },
    {
      title: "classify with a label twice",
      functions: { classify: () => [], labels: ["a", "a"] },
    },
  ])("refuses to load $title", async ({ functions }) => {
    await expect(open(functions)).rejects.toThrow("the engine's module gives");
  });
});
