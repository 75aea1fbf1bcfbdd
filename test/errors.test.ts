import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { codes } from "../src/base/errors.ts";

const documented = Array.from(
  readFileSync("docs/reference/errors.md", "utf8").matchAll(
    /^\| `([A-Z_]+)` +\| `([A-Z_]+)` +\|/gm,
  ),
  ([, reason, code]) => [reason, code] as const,
);

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((entry) => entry.endsWith(".ts") && entry !== join("base", "errors.ts"))
  .map((entry) => readFileSync(join("src", entry), "utf8"))
  .join("\n");

it("documents every reason with its code, in order, and no others", () => {
  expect(documented).toEqual(Object.entries(codes).sort(([a], [b]) => (a < b ? -1 : 1)));
});

it.each(Object.keys(codes))("throws %s somewhere", (reason) => {
  expect(sources).toContain(`"${reason}"`);
});
