import { describe, expect, it } from "vitest";
import type { JobEvent, ModelInfo } from "../../../src/engines/engine.ts";
import type { ErrorData } from "../../../src/base/errors.ts";
import {
  assertEvent,
  assertInfo,
  checkedError,
  checkedFraction,
  checkedLevel,
  checkedMemory,
  checkedPrefixes,
} from "../../../src/workers/engine-checks.ts";
import { emptyInfo } from "../../fixtures/fake-port.ts";

const vector = { index: 0, values: Float32Array.of(1), tokenCount: 1, truncated: false };
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
  const sound: JobEvent[] = [
    { kind: "started" },
    { kind: "piece", text: "" },
    { kind: "piece", text: "", tokenIds: Uint32Array.of(1) },
    { kind: "vector", vector },
    finish,
    { kind: "failed", error: { reason: "INTERNAL", message: "x" } },
  ];

  it.each(sound)("passes as the interface has it: $kind", (event) => {
    expect(() => assertEvent(event)).not.toThrow();
  });

  it.each([
    { kind: "made up" },
    { kind: "constructor" },
    { kind: "piece" },
    { kind: "piece", text: 1 },
    { kind: "piece", text: "", tokenIds: [1] },
    { kind: "vector", vector: [1, 2] },
    { kind: "vector", vector: { ...vector, values: [1] } },
    { kind: "vector", vector: { ...vector, index: -1 } },
    { kind: "vector", vector: { ...vector, tokenCount: 2 ** 32 } },
    { kind: "vector", vector: { ...vector, error: { reason: "INTERNAL" } } },
    { kind: "finish" },
    { ...finish, reason: "done" },
    { ...finish, usage: {} },
    { ...finish, timings: { ...timings, totalMs: NaN } },
    { kind: "failed" },
    { kind: "failed", error: "words" },
  ])("is refused otherwise: %j", (event) => {
    expect(() => assertEvent(event as JobEvent)).toThrow("malformed");
  });
});

describe("an engine's error", () => {
  const bare = { reason: "INPUT_TOO_LONG", message: "x" } as const;
  const violations = [
    { field: "inputs[0]", reason: "TOO_LONG", description: "is too long" },
  ] as const;

  it("keeps what callers can be told", () => {
    const whole = { ...bare, facts: { tokens: "12" }, violations };
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
  it("passes as the interface has it", () => {
    expect(() => assertInfo(emptyInfo)).not.toThrow();
  });

  it.each<Partial<Record<keyof ModelInfo, unknown>>>([
    { tasks: undefined },
    { tasks: ["draw"] },
    { contextLength: -1 },
    { contextLength: 2 ** 32 },
    { vocabularySize: 0.5 },
    { dimensions: "384" },
    { pooling: 3 },
    { prompts: [{ name: "query" }] },
    { defaultPrompt: 1 },
    { normalize: "yes" },
    { batching: "sometimes" },
    { chat: 1 },
    { license: undefined },
    { slots: 0 },
    { slots: Infinity },
    { libraries: ["x"] },
  ])("is refused otherwise: %j", (wrong) => {
    const [field = ""] = Object.keys(wrong);
    expect(() => assertInfo({ ...emptyInfo, ...wrong })).toThrow(`info.${field} is wrong`);
  });

  it.each([undefined, null, "info"])("is refused where there is none: %j", (info) => {
    expect(() => assertInfo(info)).toThrow("no info");
  });
});
