/** The table of named attacks in SECURITY.md, and the tests that it says show them: each holds the other to its word. */
import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const idPattern = /CVE-\d{4}-\d{4,}/g;

const rows = Array.from(
  readFileSync("SECURITY.md", "utf8").matchAll(
    /^\|(?<ids>[^|]*CVE-[^|]*)\|(?<what>[^|]*)\|(?<shown>[^|]*)\|$/gm,
  ),
  ({ groups: { ids = "", shown = "" } = {} }) => ({
    ids: ids.match(idPattern) ?? [],
    files: Array.from(shown.matchAll(/\]\((test\/[^)]+)\)/g), ([, file = ""]) => file),
    shown: shown.trim(),
  }),
);

const promised = rows.flatMap(({ ids, files }) =>
  files.flatMap((file) => ids.map((id) => `${id} in ${file}`)),
);

/** What stands in titles: comments do not count. */
const titled = globSync("test/**/*.test.ts")
  .filter((file) => file !== "test/cves.test.ts")
  .flatMap((file) => {
    const lines = readFileSync(file, "utf8").split("\n");
    const code = lines.filter((line) => !/^\s*(?:\/\/|\/\*|\*)/.test(line)).join("\n");
    return [...new Set(code.match(idPattern))].map((id) => `${id} in ${file}`);
  });

it("names each attack once", () => {
  const all = rows.flatMap(({ ids }) => ids);
  expect(all.length).toBeGreaterThan(40);
  expect(all.filter((id, index) => all.indexOf(id) !== index)).toEqual([]);
});

it("has a test by the name of each attack that it says is tested, and a row for each test", () => {
  expect(promised.toSorted()).toEqual(titled.toSorted());
});

it("says of each other why it is none here", () => {
  const untested = rows.filter(({ files }) => files.length === 0);
  expect(untested.filter(({ shown }) => !shown.startsWith("does not apply: "))).toEqual([]);
});
