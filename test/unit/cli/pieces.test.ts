import { expect, it } from "vitest";
import { coloured, linesOf } from "../../../src/cli/commands/tokenize/pieces.ts";

const piece = (token: string | readonly number[], special = false) => ({
  token: typeof token === "string" ? Buffer.from(token) : Buffer.from(token),
  special,
});

it("gives tokens next to each other different colours, and inverts control tokens", () => {
  const shown = coloured([piece("<s>", true), piece("a"), piece(" b")]);
  expect(shown).toBe("\x1b[7m<s>\x1b[0m\x1b[42ma\x1b[0m\x1b[45m b\x1b[0m");
});

it("ends the line after the colour where a token breaks it", () => {
  expect(coloured([piece("a\n")])).toBe("\x1b[44ma\\n\x1b[0m\n");
  expect(coloured([piece("\\n")])).toBe("\x1b[44m\\n\x1b[0m");
});

it("shows nothing that a terminal would obey, and parts of characters by their bytes", () => {
  const lines = linesOf([1, 2, 3], [piece("\x1b[2J"), piece([0xc3, 0x9f]), piece([0xe6, 0x9d])]);
  expect(lines).toBe("1\t\\u001b[2J\n2\tß\n3\t<0xe6><0x9d>\n");
});
