import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TextAssembler } from "../../../src/engines/llama/text.ts";
import { firstMatch } from "../../../src/engines/stops.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

interface Outcome {
  readonly text: string;
  readonly stop: string | undefined;
  readonly pieces: readonly string[];
}

/** Feeds bytes cut at the given places. */
function feed(bytes: Uint8Array, cuts: readonly number[], stops: readonly string[]): Outcome {
  const assembler = new TextAssembler(stops);
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])];
  const pieces: string[] = [];
  let from = 0;
  for (const to of ends.sort((a, b) => a - b)) {
    const { text, stop } = assembler.push(bytes.subarray(from, to));
    pieces.push(text);
    if (stop !== undefined) return { text: pieces.join(""), stop, pieces };
    from = to;
  }
  pieces.push(assembler.end());
  return { text: pieces.join(""), stop: undefined, pieces };
}

const cuts = fc.array(fc.nat(), { maxLength: 40 });
/** Few letters, so that stop sequences nearly match, overlap and match often. */
const letters = fc.string({
  unit: fc.constantFrom("a", "b", "é", "🙂", "\n"),
  maxLength: 40,
});
const stops = fc.array(
  fc.string({ unit: fc.constantFrom("a", "b", "é", "🙂"), minLength: 1, maxLength: 4 }),
  { maxLength: 4 },
);

describe("TextAssembler", () => {
  it("gives the same text and the same stop however the bytes are cut", () => {
    fc.assert(
      fc.property(letters, cuts, stops, (text, places, sequences) => {
        const bytes = utf8(text);
        const cut = feed(bytes, places, sequences);
        // The reference: characters one at a time, ended by the first sequence that is complete.
        const match = [...Array(text.length + 1).keys()]
          .map((end) => firstMatch(text.slice(0, end), sequences))
          .find((found) => found !== undefined);
        expect(cut.text).toBe(match === undefined ? text : text.slice(0, match.start));
        expect(cut.stop).toBe(match?.stop);
      }),
      { numRuns: 2_000 },
    );
  });

  it("never sends half a character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 30 }), cuts, (text, places) => {
        const { pieces, text: all } = feed(utf8(text), places, []);
        for (const piece of pieces) expect(Buffer.from(piece).toString()).toBe(piece);
        expect(all).toBe(new TextDecoder("utf-8", { ignoreBOM: true }).decode(utf8(text)));
      }),
    );
  });

  it("replaces bytes that are no UTF-8, the same way however they are cut", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), cuts, (bytes, places) => {
        expect(feed(bytes, places, []).text).toBe(feed(bytes, [], []).text);
      }),
    );
  });

  it("drops a character that the end cuts", () => {
    expect(feed(utf8("ab🙂").subarray(0, 4), [], []).text).toBe("ab");
  });

  it("sends at once what no stop sequence can begin with", () => {
    const assembler = new TextAssembler(["\nUser:"]);
    expect(assembler.push(utf8("Hello"))).toEqual({ text: "Hello", stop: undefined });
    expect(assembler.push(utf8(" there\nUs"))).toEqual({ text: " there", stop: undefined });
    expect(assembler.push(utf8("eful"))).toEqual({ text: "\nUseful", stop: undefined });
  });

  it("gives what it held when no stop sequence came", () => {
    const assembler = new TextAssembler(["END"]);
    expect(assembler.push(utf8("the EN")).text).toBe("the ");
    expect(assembler.end()).toBe("EN");
  });
});
