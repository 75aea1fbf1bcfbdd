import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

interface Package {
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
}

const { dependencies, optionalDependencies } = JSON.parse(
  readFileSync("package.json", "utf8"),
) as Package;
const installed = { ...dependencies, ...optionalDependencies };

it("argues every runtime dependency in one row, and no other", () => {
  const table = readFileSync("docs/dependencies.md", "utf8");
  const argued = [...table.matchAll(/^\| `([^`]+)` +\| \S.* \|$/gm)].map(([, name]) => name);
  expect(argued).toEqual(Object.keys(installed).sort());
});

it.each(Object.entries(installed))("pins %s to one version", (_name, version) => {
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});
