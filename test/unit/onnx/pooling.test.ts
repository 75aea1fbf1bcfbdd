import { expect, it } from "vitest";
import { pool } from "../../../src/engines/onnx/pooling.ts";
import type { Pooling } from "../../../src/engines/onnx/pooling.ts";
import { sessionThreads } from "../../../src/engines/onnx/sessions.ts";

// Two texts of three rows; the second has two tokens, and its padding must not count.
const data = Float32Array.of(1, 2, 3, 4, 5, 9, /**/ 10, 20, 30, 40, 99, 99);
const second = { data, first: 3, count: 2, skipped: 0, dimensions: 2 };

it.each<[Pooling, number[]]>([
  ["mean", [20, 30]],
  ["cls", [10, 20]],
  ["last", [30, 40]],
  ["max", [30, 40]],
  ["mean_sqrt_len", [40 / Math.SQRT2, 60 / Math.SQRT2].map(Math.fround)],
  ["weighted_mean", [70 / 3, 100 / 3].map(Math.fround)],
])("pools by %s without padding", (pooling, expected) => {
  expect(Array.from(pool(second, [pooling]))).toEqual(expected);
});

it.each<Pooling>(["mean", "cls", "last", "max", "weighted_mean"])(
  "leaves out what is skipped by %s",
  (pooling) => {
    expect(Array.from(pool({ ...second, skipped: 1 }, [pooling]))).toEqual([30, 40]);
  },
);

it.each<[Pooling, number[]]>([
  ["cls", [10, 20]],
  ["last", [0, 0]],
  ["mean", [0, 0]],
  ["mean_sqrt_len", [0, 0]],
  ["weighted_mean", [0, 0]],
])("takes no other text's tokens by %s where all are skipped", (pooling, expected) => {
  const alone = { ...second, data: Float32Array.of(...data.slice(0, 10), 70, 80) };
  for (const skipped of [2, 3]) {
    expect(Array.from(pool({ ...alone, skipped }, [pooling]))).toEqual(expected);
  }
});

it("puts several modes one after the other", () => {
  expect(Array.from(pool(second, ["max", "cls"]))).toEqual([30, 40, 10, 20]);
});

it("keeps a number that is none", () => {
  const broken = { ...second, data: data.with(6, NaN) };
  for (const mode of ["mean", "max", "weighted_mean"] as const) {
    expect(pool(broken, [mode])[0]).toBeNaN();
  }
});

it("gives vectors that outlive the output", () => {
  const own = data.slice();
  const vector = pool({ ...second, data: own }, ["cls"]);
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
