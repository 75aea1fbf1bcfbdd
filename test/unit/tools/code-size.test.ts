import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { codeSize } from "../../../tools/code-size.ts";

function sizeOf(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), "code-size-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "src", "inner"), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return codeSize(folder, "src/**/*.ts");
}

it("counts the lines of files, and of no others", () => {
  const { files } = sizeOf({
    "src/a.ts": "const a = 1;\n\nconst b = a;\n",
    "src/inner/b.ts": "type B = string;\n",
    "c.ts": "const c = 3;\n",
    "src/d.md": "text\n",
  });
  expect(files.toSorted()).toEqual([1, 3]);
});

it("counts functions that have a name, and those inside them", () => {
  const { functions } = sizeOf({
    "src/a.ts": `
      declare function typed(): void;
      interface Shape { area(): number }
      class Square {
        constructor() {}
        get side(): number {
          return 1;
        }
        area(): number {
          const square = (n: number) => n * n;
          return [this.side].map((n) => square(n))[0];
        }
      }
      const late = async () => {
        typed();
      };
    `,
  });
  expect(functions.toSorted()).toEqual([1, 1, 3, 3, 4]);
});

it("counts exported names", () => {
  const { exports } = sizeOf({
    "src/a.ts": `
      export const a = 1, b = 2;
      export function c(): void {}
      export type D = string;
      export { e, f } from "./e.ts";
      export * from "./g.ts";
      const h = 1;
    `,
  });
  expect(exports).toBe(7);
});
