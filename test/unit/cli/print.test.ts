import fc from "fast-check";
import { expect, it } from "vitest";
import { table, toJsonText } from "../../../src/cli/print.ts";
import { layOut, Progress } from "../../../src/cli/commands/serve/progress.ts";

it.each([
  [Math.fround(0.1), "0.1"],
  [Math.fround(-0.0456789), "-0.0456789"],
  [7, "7"],
  [16777216, "16777216"],
  [0.5, "0.5"],
  ["0.1", '"0.1"'],
  [0.1, "0.1"],
  [Math.PI, "3.141592653589793"],
])("writes %s as %s", (value, text) => {
  expect(toJsonText(value)).toBe(text);
});

it("loses nothing of any float32", () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Math.fround(Number(toJsonText(value)))).toBe(value === 0 ? 0 : value);
    }),
  );
});

it("lays a table out in columns", () => {
  expect(
    table(
      ["name", "n"],
      [
        ["long name", "1"],
        ["x", ""],
      ],
    ),
  ).toBe(["name       n", "long name  1", "x"].join("\n"));
});

it("shows progress no wider than the terminal", () => {
  const fractions = new Map([
    ["a", 0.5],
    ["b", 2],
  ]);
  expect(layOut(fractions, 200)).toBe(
    `loading a ${"━".repeat(10)}${"─".repeat(10)}  50 %  b ${"━".repeat(20)} 100 %`,
  );
  expect(layOut(fractions, 20)).toHaveLength(19);
  expect(layOut(fractions, 0)).toHaveLength(layOut(fractions, 200).length);
  expect(layOut(new Map(), 20)).toBe("");
});

it("keeps log lines above the progress, and takes it away at the end", () => {
  let written = "";
  const progress = new Progress({ columns: 80, write: (text) => (written += text) });
  progress.update("m", 0.5);
  written = "";
  progress.write("a line\n");
  expect(written).toMatch(/^\r\x1b\[2Ka line\n\r\x1b\[2Kloading m /);
  written = "";
  progress.end("m");
  expect(written).toBe("\r\x1b[2K");
  progress.write("later\n");
  expect(written).toBe("\r\x1b[2Klater\n");
});
