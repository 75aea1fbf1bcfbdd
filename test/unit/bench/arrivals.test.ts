import { describe, expect, it } from "vitest";
import { seededRandom, wholeBetween } from "../../../bench/lib/random.ts";
import { arrivals } from "../../../bench/load/arrivals.ts";

const take = (times: Iterator<number>, count: number): number[] =>
  Array.from({ length: count }, () => times.next().value as number);

describe("arrivals", () => {
  it("come at even distances where they are constant", () => {
    expect(take(arrivals("constant", 4, Math.random), 3)).toEqual([250, 500, 750]);
  });

  it("have a Poisson process's mean and spread", () => {
    const count = 20_000;
    const times = take(arrivals("poisson", 100, seededRandom(7)), count);
    const gaps = times.map((atMs, index) => atMs - (times[index - 1] ?? 0));
    const mean = times[count - 1]! / count;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / count);
    expect(mean).toBeCloseTo(10, 0);
    // What tells exponential gaps from all others: their deviation is their mean.
    expect(deviation / mean).toBeCloseTo(1, 1);
  });

  it("are the same for the same seed", () => {
    const some = (seed: number): number[] => take(arrivals("poisson", 1, seededRandom(seed)), 5);
    expect(some(3)).toEqual(some(3));
    expect(some(3)).not.toEqual(some(4));
  });
});

it("draws whole numbers from a range, both ends included", () => {
  const random = seededRandom(1);
  const drawn = new Set(Array.from({ length: 200 }, () => wholeBetween(random, 2, 4)));
  expect([...drawn].toSorted()).toEqual([2, 3, 4]);
});
