import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstMatch, heldLength, StopFilter } from "../../../src/engines/stops.ts";

/** All that comes out of a text in pieces, and the stop that ended it. */
function filtered(pieces: readonly string[], stops: readonly string[]) {
  const filter = new StopFilter(stops);
  const out: string[] = [];
  for (const piece of pieces) {
    const { text, stop } = filter.push(piece);
    out.push(text);
    if (stop !== undefined) return { text: out.join(""), stop, out };
  }
  out.push(filter.flush());
  return { text: out.join(""), stop: undefined, out };
}

describe("a stop filter", () => {
  it.each([
    {
      title: "ends before the sequence",
      pieces: ["one two three"],
      stops: ["two"],
      text: "one ",
      stop: "two",
    },
    {
      title: "finds one across pieces",
      pieces: ["on", "e t", "wo"],
      stops: ["e two"],
      text: "on",
      stop: "e two",
    },
    {
      title: "gives back what only began one",
      pieces: ["a", "b", "x"],
      stops: ["abc"],
      text: "abx",
      stop: undefined,
    },
    {
      title: "takes the first in the text",
      pieces: ["abc"],
      stops: ["c", "b"],
      text: "a",
      stop: "b",
    },
    {
      title: "takes the one that is complete first of two at one place",
      pieces: ["abc"],
      stops: ["bc", "b"],
      text: "a",
      stop: "b",
    },
    {
      title: "finds one that begins again inside itself",
      pieces: ["a", "a", "a", "b"],
      stops: ["aab"],
      text: "a",
      stop: "aab",
    },
    { title: "ignores an empty sequence", pieces: ["a"], stops: [""], text: "a", stop: undefined },
    {
      title: "gives back a beginning at the end",
      pieces: ["a", "b"],
      stops: ["bc"],
      text: "ab",
      stop: undefined,
    },
  ])("$title", ({ pieces, stops, text, stop }) => {
    expect(filtered(pieces, stops)).toMatchObject({ text, stop });
  });

  it("holds back nothing that cannot begin a sequence", () => {
    expect(filtered(["one ", "two "], ["x"]).out).toEqual(["one ", "two ", ""]);
  });

  const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 12 });
  const stop = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 4 });

  it("cuts a text the same way, whatever pieces it comes in, with one sequence", () => {
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 6 }), stop, (pieces, sequence) => {
        const whole = pieces.join("");
        const at = whole.indexOf(sequence);
        const { text } = filtered(pieces, [sequence]);
        expect(text).toBe(at < 0 ? whole : whole.slice(0, at));
      }),
    );
  });

  it("cuts a text the same way, whatever pieces it comes in, with several", () => {
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 6 }), fc.array(stop), (pieces, sequences) => {
        const { text, stop: matched } = filtered(pieces, sequences);
        const whole = filtered([pieces.join("")], sequences);
        expect({ text, stop: matched }).toEqual({ text: whole.text, stop: whole.stop });
      }),
    );
  });
});

describe("firstMatch", () => {
  it.each([
    ["the one that is complete first", "xabcd", ["abcd", "bc"], { start: 2, stop: "bc" }],
    ["the longer of two that end together", "xabc", ["bc", "abc"], { start: 1, stop: "abc" }],
    ["nothing where nothing matches", "xyz", ["abc"], undefined],
  ])("finds %s", (_, text, sequences, expected) => {
    expect(firstMatch(text, sequences)).toEqual(expected);
  });
});

describe("heldLength", () => {
  it.each([
    ["ab", ["abc"], 2],
    ["xa", ["abc", "xab"], 2],
    ["aab", ["aaab", "ba"], 1],
    ["aa", ["aaab"], 2],
    ["abc", ["abc"], 0],
    ["", ["abc"], 0],
    ["abc", [], 0],
  ])("holds of %j before %j: %i", (text, sequences, expected) => {
    expect(heldLength(text, sequences)).toBe(expected);
  });
});
