import { expect, it } from "vitest";
import { tokenIdsIn } from "../../../src/cli/commands/embed/token-ids.ts";

it.each([
  ["101 7592 102", [101, 7592, 102]],
  ["1,2, 3", [1, 2, 3]],
  [" [1, 2] ", [1, 2]],
  ["4294967295", [4_294_967_295]],
])("reads token ids written as %j", (text, ids) => {
  expect(tokenIdsIn(text, 0)).toEqual(ids);
});

it.each(["a cat", "", "[]", "1.5", "-3", "4294967296", "[1", "1]"])("refuses %j", (text) => {
  expect(() => tokenIdsIn(text, 7)).toThrow("text 7: must be token ids, such as 101 7592 102");
});
