import { expect, it } from "vitest";
import { pool } from "../../../src/engines/onnx/pooling.ts";
import { sessionThreads } from "../../../src/engines/onnx/sessions.ts";

// Two texts of three rows; the second has two tokens, and its padding must not count.
const data = Float32Array.of(1, 2, 3, 4, 5, 9, /**/ 10, 20, 30, 40, 99, 99);
const second = { data, first: 3, count: 2, dimensions: 2 };

it.each([
  ["mean", [20, 30]],
  ["cls", [10, 20]],
  ["last", [30, 40]],
] as const)("pools by %s without padding", (pooling, expected) => {
  expect(Array.from(pool(second, pooling))).toEqual(expected);
});

it("gives vectors that outlive the output", () => {
  const own = data.slice();
  const vector = pool({ ...second, data: own }, "cls");
  own.fill(0);
  expect(Array.from(vector)).toEqual([10, 20]);
});

it.each([
  ["makes the first session as large as the share", [], 4, 4],
  ["takes the one that fits", [4, 2], 2, 2],
  ["never takes one larger than the share", [4], 2, 2],
  ["takes a smaller one that uses most of the share", [3], 4, 3],
  ["makes another where half of the share would idle", [1], 2, 2],
])("%s", (_, existing, threads, expected) => {
  expect(sessionThreads(existing, threads)).toBe(expected);
});
