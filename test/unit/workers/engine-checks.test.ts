import { describe, expect, it } from "vitest";
import type { Job, JobEvent, ModelInfo } from "../../../src/engines/engine.ts";
import type { ErrorData } from "../../../src/base/errors.ts";
import {
  assertEvent,
  assertInfo,
  checkedError,
  checkedFraction,
  checkedLevel,
} from "../../../src/workers/engine-checks.ts";
import { checkedMemory, checkedPrefixes } from "../../../src/workers/engine-report.ts";
import { encodeItem } from "../../../src/workers/items.ts";
import { emptyInfo } from "../../fixtures/fake-port.ts";
import { classifyJob, embedJob, generateJob, rerankJob } from "../../fixtures/jobs.ts";

const tasks = { generate: { chat: false }, embed: { dimensions: 1, pooling: "" } };
const facts = { kind: "item", index: 0, tokenCount: 1, truncated: false } as const;
const value = { kind: "vector", values: Float32Array.of(1) } as const;
const item = { ...facts, value };
const error = { reason: "INTERNAL", message: "x" } as const;
const timings = {
  queueMs: 0,
  prefillMs: 0,
  firstTokenMs: 0,
  decodeMs: 0,
  totalMs: 0,
  meanBatchSize: 1,
};
const usage = { promptTokens: 0, cachedPromptTokens: 0, completionTokens: 0 };
const finish = { kind: "finish", reason: "stop", stopSequence: "", usage, timings } as const;

describe("an event", () => {
  const ofAny: JobEvent[] = [{ kind: "started" }, finish, { kind: "failed", error }];
  const pieces: JobEvent[] = [
    { kind: "piece", text: "" },
    { kind: "piece", text: "", tokenIds: Uint32Array.of(1) },
  ];
  const items: JobEvent[] = [item, { ...facts, error }];
  const completion = generateJob("x");
  const embedding = embedJob(["x"]);

  it.each([...ofAny, ...pieces])("of a completion passes as the interface has it: %j", (event) => {
    expect(() => assertEvent(event, completion, tasks)).not.toThrow();
  });

  it.each([...ofAny, ...items])("of an items job passes as the interface has it: %j", (event) => {
    expect(() => assertEvent(event, embedding, tasks)).not.toThrow();
  });

  it.each(pieces)("of a completion is refused of an items job: %j", (event) => {
    expect(() => assertEvent(event, embedding, tasks)).toThrow("malformed");
  });

  it.each(items)("of an items job is refused of a completion: %j", (event) => {
    expect(() => assertEvent(event, completion, tasks)).toThrow("malformed");
  });

  it.each([
    { kind: "made up" },
    { kind: "constructor" },
    { kind: "piece" },
    { kind: "piece", text: 1 },
    { kind: "piece", text: "", tokenIds: [1] },
    facts,
    { ...item, value: [1, 2] },
    { ...item, value: { ...value, values: [1] } },
    { ...item, value: { ...value, values: Float32Array.of(1, 2) } },
    { ...item, value: { ...value, kind: "score" } },
    { ...item, index: -1 },
    { ...item, tokenCount: 2 ** 32 },
    { ...item, error: { reason: "INTERNAL" } },
    { kind: "finish" },
    { ...finish, reason: "done" },
    { ...finish, usage: {} },
    { ...finish, timings: { ...timings, totalMs: NaN } },
    { kind: "failed" },
    { kind: "failed", error: "words" },
  ])("is refused otherwise: %j", (event) => {
    for (const job of [completion, embedding]) {
      expect(() => assertEvent(event as JobEvent, job, tasks)).toThrow("malformed");
    }
  });
});

describe("a value of a sparse model", () => {
  const sparse = { embed: { dimensions: 3, pooling: "", sparse: true } };
  const of = (indices: unknown, values: unknown) => ({
    ...facts,
    value: { kind: "sparse", indices, values },
  });
  const check = (event: unknown) => assertEvent(event as JobEvent, embedJob(["x"]), sparse);

  it("passes as the interface has it", () => {
    expect(() => check(of(Uint32Array.of(0, 2), Float32Array.of(1, 2)))).not.toThrow();
    expect(() => check(of(new Uint32Array(), new Float32Array()))).not.toThrow();
  });

  it.each([
    ["that is not sparse", { ...facts, value: { ...value, values: Float32Array.of(1, 2, 3) } }],
    ["beyond its dimensions", of(Uint32Array.of(0, 3), Float32Array.of(1, 2))],
    ["in another order", of(Uint32Array.of(2, 0), Float32Array.of(1, 2))],
    ["with a dimension twice", of(Uint32Array.of(1, 1), Float32Array.of(1, 2))],
    ["that lacks a number", of(Uint32Array.of(0, 2), Float32Array.of(1))],
    ["of plain numbers", of([0, 2], [1, 2])],
  ])("is refused %s", (_, event) => {
    expect(() => check(event)).toThrow("malformed");
  });
});

describe("the vectors of tokens", () => {
  const embed = { dimensions: 3, pooling: "", tokenDimensions: 2 };
  const of = (dimensions: unknown, values: unknown) => ({
    ...facts,
    value: { kind: "tokens", dimensions, values },
  });
  const check = (event: unknown, infos: ModelInfo["tasks"] = { embed }) =>
    assertEvent(event as JobEvent, embedJob(["x"], { tokenVectors: true }), infos);

  it("pass as the interface has them", () => {
    expect(() => check(of(2, Float32Array.of(1, 2, 3, 4)))).not.toThrow();
  });

  it.each([
    ["of other dimensions", of(3, Float32Array.of(1, 2, 3))],
    ["of which one is too short", of(2, Float32Array.of(1, 2, 3))],
    [
      "in place of which there is one",
      { ...facts, value: { ...value, values: new Float32Array(3) } },
    ],
  ])("are refused %s", (_, event) => {
    expect(() => check(event)).toThrow("malformed");
  });

  it("are refused of a model that has none", () => {
    const none = { embed: { dimensions: 2, pooling: "" } };
    expect(() => check(of(2, Float32Array.of(1, 2)), none)).toThrow("malformed");
    expect(() => check(of(undefined, Float32Array.of(1, 2)), none)).toThrow("malformed");
  });
});

describe("a value of a model that scores", () => {
  const scoring = { rerank: {}, classify: { labels: ["bad", "good"], multiLabel: false } };
  const ranking = rerankJob("q", ["x"]);
  const classifying = classifyJob(["x"]);
  const score = { ...facts, value: { kind: "score", score: 1 } };
  const labels = { ...facts, value: { kind: "labels", scores: Float32Array.of(1, 2) } };
  const check = (event: unknown, job: Job) => assertEvent(event as JobEvent, job, scoring);

  it("passes as the interface has it", () => {
    expect(() => check(score, ranking)).not.toThrow();
    expect(() => check(labels, classifying)).not.toThrow();
  });

  it.each([
    ["of another task", score, classifying],
    ["of another task", labels, ranking],
    ["that is no number", { ...facts, value: { kind: "score", score: "1" } }, ranking],
    [
      "that lacks a label",
      { ...facts, value: { kind: "labels", scores: Float32Array.of(1) } },
      classifying,
    ],
    ["of plain numbers", { ...facts, value: { kind: "labels", scores: [1, 2] } }, classifying],
    ["that is a vector", item, ranking],
  ])("is refused %s", (_, event, job) => {
    expect(() => check(event, job)).toThrow("malformed");
  });

  it("is an error where it is not finite", () => {
    const wrong = { kind: "labels", scores: Float32Array.of(1, NaN) } as const;
    expect(encodeItem({ ...facts, value: wrong }, classifying)).toMatchObject({
      error: { reason: "RESULT_NOT_FINITE" },
    });
    const infinite = { kind: "score", score: Infinity } as const;
    expect(encodeItem({ ...facts, value: infinite }, ranking)).toMatchObject({
      error: { reason: "RESULT_NOT_FINITE" },
    });
  });
});

describe("an engine's error", () => {
  const bare = { reason: "INPUT_TOO_LONG", message: "x" } as const;
  const violations = [
    { field: "inputs[0]", reason: "TOO_LONG", description: "is too long" },
  ] as const;

  it("keeps what callers can be told", () => {
    const whole = { ...bare, facts: { tokens: "12" }, violations, retryAfterMs: 5_000 };
    expect(checkedError(whole)).toEqual(whole);
    expect(checkedError(bare)).toEqual(bare);
  });

  it.each([
    { facts: { tokens: 12 } },
    { facts: ["12"] },
    { facts: null },
    { violations: "inputs[0]" },
    { violations: [{ field: "inputs[0]" }] },
    { violations: [{ field: "inputs[0]", reason: "MADE_UP", description: "is too long" }] },
    { retryAfterMs: "5" },
    { retryAfterMs: NaN },
    { retryAfterMs: -1 },
    { retryAfterMs: 1e12 },
    { more: 1 },
  ])("loses what they cannot: %j", (wrong) => {
    expect(checkedError({ ...bare, ...wrong } as ErrorData)).toEqual(bare);
  });
});

it.each([
  ["warn", "warn"],
  ["warning", "info"],
  ["constructor", "info"],
  [undefined, "info"],
])("an engine's log level %s is read as %s", (level, read) => {
  expect(checkedLevel(level)).toBe(read);
});

it.each([
  [0.5, 0.5],
  [2, 1],
  [-1, 0],
  [NaN, 0],
  [1n, 0],
  ["x", 0],
])("an engine's progress of %s is read as %s", (fraction, read) => {
  expect(checkedFraction(fraction)).toBe(read);
});

describe("what an engine says of what it keeps", () => {
  const memory = { cells: 10, usedCells: 3 };
  const prefixes = { bytes: 2 ** 40, limitBytes: 2 ** 41, saved: 5, restored: 4, evicted: 3 };
  /** An object of a class of the engine's own: its figures are getters, and it has what no message carries. */
  const owned = <T extends object>(figures: T): T =>
    Object.create(
      Object.defineProperties(
        { evict: () => undefined },
        Object.fromEntries(
          Object.entries(figures).map(([name, value]) => [name, { get: () => value as unknown }]),
        ),
      ),
    ) as T;

  it("crosses to the front whole, from whatever object", () => {
    for (const each of [memory, owned(memory)]) {
      expect(structuredClone(checkedMemory(each))).toStrictEqual(memory);
    }
    for (const each of [prefixes, owned(prefixes)]) {
      expect(structuredClone(checkedPrefixes(each))).toStrictEqual(prefixes);
    }
  });

  it.each([
    undefined,
    null,
    7,
    {},
    { ...prefixes, bytes: -1 },
    { ...prefixes, limitBytes: Infinity },
    { ...prefixes, saved: 0.5 },
    { ...prefixes, restored: "4" },
    { ...prefixes, evicted: 2 ** 53 },
  ])("is dropped where it makes no sense: %j", (wrong) => {
    expect(checkedPrefixes(wrong as never)).toBeUndefined();
  });
});

describe("what an engine says of its model", () => {
  const vectors = { dimensions: 384, pooling: "mean" };

  it("passes as the interface has it", () => {
    expect(() => assertInfo(emptyInfo)).not.toThrow();
    expect(() => assertInfo({ ...emptyInfo, tasks: { embed: vectors } })).not.toThrow();
  });

  it.each<Partial<Record<keyof ModelInfo, unknown>>>([
    { tasks: undefined },
    { tasks: ["generate"] },
    { tasks: { draw: {} } },
    { tasks: { generate: { chat: 1 } } },
    { tasks: { embed: { ...vectors, dimensions: "384" } } },
    { tasks: { embed: { ...vectors, pooling: 3 } } },
    { tasks: { embed: { ...vectors, prompts: [{ name: "query" }] } } },
    { tasks: { embed: { ...vectors, defaultPrompt: 1 } } },
    { tasks: { embed: { ...vectors, normalize: "yes" } } },
    { tasks: { embed: { ...vectors, batching: "sometimes" } } },
    { contextLength: -1 },
    { contextLength: 2 ** 32 },
    { vocabularySize: 0.5 },
    { license: undefined },
    { slots: 0 },
    { slots: Infinity },
    { libraries: ["x"] },
  ])("is refused otherwise: %j", (wrong) => {
    const [field = ""] = Object.keys(wrong);
    expect(() => assertInfo({ ...emptyInfo, ...wrong })).toThrow(`info.${field} is wrong`);
  });

  it("is refused where it has what no message carries", () => {
    const owned = { ...emptyInfo, reload: () => undefined };
    expect(() => assertInfo(owned)).toThrow("more than data");
  });

  it.each([undefined, null, "info"])("is refused where there is none: %j", (info) => {
    expect(() => assertInfo(info)).toThrow("no info");
  });
});
