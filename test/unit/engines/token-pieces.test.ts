import { expect, it } from "vitest";
import { piecesOf, placesOf } from "../../../src/engines/token-pieces.ts";

/** A token by its text or its bytes; a control token in angle brackets. */
function token(spelling: string | readonly number[]) {
  const isSpecial = typeof spelling === "string" && spelling.startsWith("<");
  const bytes = typeof spelling === "string" ? Buffer.from(spelling) : Uint8Array.from(spelling);
  return { bytes, isSpecial, isApart: isSpecial };
}

const none = { before: 0, after: 0 };

function places(
  text: string,
  spellings: readonly (string | readonly number[])[],
  added = none,
): readonly (readonly number[])[] | undefined {
  const found = placesOf(Buffer.from(text), spellings.map(token), added);
  return found && spellings.map((_, index) => [found[2 * index]!, found[2 * index + 1]!]);
}

it.each<readonly [string, string, readonly (string | readonly number[])[], number[][]]>([
  ["one after the other", "Once upon", ["Once", " upon"], [[0, 4], [4, 9]]], // prettier-ignore
  ["that are parts of a character", "é!", [[0xc3], [0xa9], "!"], [[0, 1], [1, 2], [2, 3]]], // prettier-ignore
  ["with a space put before the text", "a b", [" a", " b"], [[0, 1], [1, 3]]], // prettier-ignore
  ["with a space of its own put before", "a", [" ", "a"], [[0, 0], [0, 1]]], // prettier-ignore
  ["with a space put before one of the text", " a", [" ", " ", "a"], [[0, 0], [0, 1], [1, 2]]], // prettier-ignore
  ["of which one is a mark for a space", "a▁b", ["a", " ", "b"], [[0, 1], [1, 4], [4, 5]]], // prettier-ignore
  ["that are control tokens in the text", "a<e>b", ["a", "<e>", "b"], [[0, 1], [1, 4], [4, 5]]], // prettier-ignore
  ["whose white space a control token took", "a <e> b", ["a", "<e>", "b"], [[0, 1], [2, 5], [6, 7]]], // prettier-ignore
  ["of which the last was added", "a", ["a", "</s>"], [[0, 1], [1, 1]]], // prettier-ignore
])("finds tokens %s", (_, text, spellings, expected) => {
  expect(places(text, spellings)).toEqual(expected);
});

it("gives no place to tokens that were added, though the text spells them", () => {
  const spellings = ["<s>", [0x3c], "s", ">", "</s>"];
  const added = { before: 1, after: 1 };
  expect(places("<s>", spellings, added)).toEqual([
    [0, 0],
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 3],
  ]);
});

it.each([
  ["are not those of the text", "Cat", ["cat"]],
  ["end before it", "cats", ["cat"]],
  ["go on after it", "cat", ["cat", "s"]],
  ["leave out white space", "a  b", ["a", " b"]],
])("finds none where tokens %s", (_, text, spellings) => {
  expect(places(text, spellings)).toBeUndefined();
});

it("writes the bytes of tokens one after the other", () => {
  const pieces = piecesOf(["<s>", "é", ""].map(token), undefined);
  expect(Buffer.from(pieces.bytes).toString()).toBe("<s>é");
  expect(pieces).toMatchObject({
    ends: Uint32Array.of(3, 5, 5),
    special: Uint8Array.of(1, 0, 0),
  });
  expect(pieces.places).toBeUndefined();
});
