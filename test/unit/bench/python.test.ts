import { expect, it } from "vitest";
import { assertRight, cases } from "../../../bench/peers/python-cases.ts";
import { claimsOf, type Measured, tablesOf } from "../../../bench/peers/python-report.ts";

const health = { count: 400, mean: 2, p50: 1, p95: 4, p99: 5, max: 6 };

function measured(rates: Readonly<Record<string, number>>, p99: number): Measured {
  const each = Object.entries(rates).map(
    ([form, perSecond]) => [form, { perSecond, microseconds: 1e6 / perSecond }] as const,
  );
  const ofEach = cases.map(({ name }) => [name, Object.fromEntries(each)] as const);
  return { rates: Object.fromEntries(ofEach), health: { ...health, p99 } };
}

const turns = [
  {
    inferd: measured({ def: 100 }, 5),
    fastApi: measured({ def: 50, "async def": 200 }, 1900),
  },
];

it("compares with the faster of FastAPI's two ways, and holds each ratio against its own aim", () => {
  const claims = claimsOf(turns);
  const ratios = claims.filter(({ unit }) => unit === "×");
  expect(ratios.map(({ value }) => value)).toEqual(cases.map(() => 0.5));
  expect(ratios.map(({ aim }) => aim?.value)).toEqual([0.6, 1, 1, 0.8, 2.5]);
  expect(claims.filter(({ unit }) => unit === "ms").map(({ value }) => value)).toEqual([5, 1900]);
});

it("shows every way in which a function was served", () => {
  const [rates, ofHealth] = tablesOf(turns);
  const first = rates?.rows.slice(0, 3).map((row) => row.slice(1));
  expect(first).toEqual([
    ["inferd, def", 100, 10_000],
    ["FastAPI, def", 50, 20_000],
    ["FastAPI, async def", 200, 5000],
  ]);
  expect(rates?.rows).toHaveLength(cases.length * 3);
  expect(ofHealth?.rows).toEqual([
    ["inferd", 1, 5, 6],
    ["FastAPI", 1, 1900, 6],
  ]);
});

it.each([
  ["nothing", "hello", "goodbye"],
  ["count", Array.from({ length: 1000 }, (_, index) => `${index}\n`).join(""), "0\n1\n"],
  ["sentences", Array.from({ length: 384 }, () => 0.5), [0.5]],
])("takes no figure of %s where an answer is wrong", (name, right, wrong) => {
  const one = cases.find((each) => each.name === name)!;
  assertRight(right, one);
  expect(() => assertRight(wrong, one)).toThrow(`${name}: an answer is wrong`);
});
