import { expect, it } from "vitest";
import { longestFirst } from "../../../src/engines/texts/longest-first.ts";

/** The rule in words: one token after the other, from the longer; of two equal ones, from the first. */
function oneByOne(first: number, second: number, room: number): readonly [number, number] {
  let [a, b] = [first, second];
  while (a + b > room) {
    if (a >= b) a -= 1;
    else b -= 1;
  }
  return [a, b];
}

it("takes tokens from the longer text until both fit", () => {
  for (let first = 0; first < 12; first++) {
    for (let second = 0; second < 12; second++) {
      for (let room = 2; room < 14; room++) {
        const kept = longestFirst(first, second, room);
        const [a, b] = oneByOne(first, second, room);
        const of = JSON.stringify({ first, second, room });
        expect(kept[0] + kept[1], of).toBe(a + b);
        // Hugging Face's gives the odd token of two long texts to the longer, and not to the second.
        expect(Math.abs(kept[0] - a), of).toBeLessThanOrEqual(1);
        expect(kept[0] <= first && kept[1] <= second, of).toBe(true);
      }
    }
  }
});

it.each([
  [3, 3, 10, [3, 3]],
  [9, 3, 10, [7, 3]],
  [3, 9, 10, [3, 7]],
  [9, 9, 10, [5, 5]],
  [9, 9, 9, [4, 5]],
  [10, 9, 9, [5, 4]],
  [9, 10, 9, [4, 5]],
] as const)("of %i and %i tokens in room for %i keeps %j", (first, second, room, kept) => {
  expect(longestFirst(first, second, room)).toEqual(kept);
});
