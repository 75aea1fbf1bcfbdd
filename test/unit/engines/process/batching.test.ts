import { expect, it } from "vitest";
import { takeTurns } from "../../../../src/engines/process/batching.ts";

const bounds = { maxTexts: 4, maxBytes: 10 };
const line = (texts: readonly string[], next = 0) => ({ items: texts.map((text) => [text]), next });
const taken = (lines: readonly ReturnType<typeof line>[], changes: Partial<typeof bounds> = {}) =>
  takeTurns(lines, { ...bounds, ...changes }).map((pick) => `${pick.line}.${pick.index}`);

it("takes a text of each job in turn", () => {
  expect(taken([line(["a", "b", "c", "d", "e"]), line(["x"])])).toEqual([
    "0.0",
    "1.0",
    "0.1",
    "0.2",
  ]);
});

it("goes on where a job was", () => {
  expect(taken([line(["a", "b", "c"], 2), line(["x"], 1)])).toEqual(["0.2"]);
});

it("ends before the text that would be too many bytes", () => {
  expect(taken([line(["aaaaaa", "b"]), line(["üüü", "x"])])).toEqual(["0.0"]);
  expect(taken([line(["aaaa", "b"]), line(["üüü", "x"])])).toEqual(["0.0", "1.0"]);
});

it("takes a text alone that is longer than a batch", () => {
  expect(taken([line(["a".repeat(100)]), line(["x"])])).toEqual(["0.0"]);
});

it("counts the bytes of both texts of a pair", () => {
  const pairs = {
    items: [
      ["aaaa", "bbb"],
      ["a", "bbb"],
      ["a", ""],
    ],
    next: 0,
  };
  expect(takeTurns([pairs], bounds)).toEqual([{ line: 0, index: 0 }]);
  expect(takeTurns([{ ...pairs, next: 1 }], bounds)).toHaveLength(2);
});

it("takes nothing where nothing waits", () => {
  expect(taken([])).toEqual([]);
  expect(taken([line(["a"], 1)])).toEqual([]);
});
