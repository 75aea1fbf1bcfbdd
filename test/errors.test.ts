import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Failure, failures, fieldReasons, type Reason } from "../src/base/errors.ts";

const page = readFileSync("docs/reference/errors.md", "utf8");

const documented = Array.from(
  page.matchAll(/^### ([A-Z_]+)\n\n`([A-Z_]+)`\. .+\n\nWhat to do: .+$/gm),
  ([, reason, code]) => [reason, code] as const,
);

/** The reasons that begin a row or an item under a heading, in order. */
function reasonsUnder(heading: string): readonly (string | undefined)[] {
  const [, section = ""] = page.split(`## ${heading}\n`);
  const [own = ""] = section.split("\n## ");
  return Array.from(own.matchAll(/^[|-] `([A-Z_]+)`/gm), ([, reason]) => reason);
}

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((entry) => entry.endsWith(".ts") && entry !== join("base", "errors.ts"))
  .map((entry) => readFileSync(join("src", entry), "utf8"))
  .join("\n");

it("documents every reason with its code, in order, and no others", () => {
  const table = Object.entries(failures).map(([reason, { code }]) => [reason, code] as const);
  expect(documented).toEqual(table.sort(([a], [b]) => (a < b ? -1 : 1)));
});

it("links the page of every other system that it names, and of no others", () => {
  const lines = Array.from(page.matchAll(/^Elsewhere: (.+)\.$/gm), ([, line = ""]) => line);
  const named = lines.flatMap((line) =>
    Array.from(line.matchAll(/([^,`]+?) `/g), ([, system]) => system),
  );
  const [, intro = ""] = /^## Reasons\n([^#]+)/m.exec(page) ?? [];
  const linked = Array.from(intro.matchAll(/\[([^\]]+)\]\(https:/g), ([, name]) => name);
  expect([...new Set(named.map((name) => name?.trim()))].sort()).toEqual(linked.sort());
});

it("documents which errors gRPC must not retry", () => {
  const lasting = Object.keys(failures).filter((reason) => failures[reason as Reason].isLasting);
  expect(reasonsUnder("Not retryable")).toEqual(lasting);
});

it("documents every reason of a wrong field", () => {
  expect(reasonsUnder("Wrong fields")).toEqual(fieldReasons);
});

it("writes each message once: one that is needed in two places belongs in the table", () => {
  const written = Array.from(
    sources.matchAll(/new ServeError\(\s*"[A-Z_]+",\s*"([^"]+)"/g),
    ([, message]) => message,
  );
  const rows: readonly Failure[] = Object.values(failures);
  const all = [...written, ...rows.flatMap(({ message }) => message ?? [])];
  expect(written.length).toBeGreaterThan(20);
  expect(all.filter((message, index) => all.indexOf(message) !== index)).toEqual([]);
});

it.each(Object.keys(failures))("throws %s somewhere", (reason) => {
  expect(sources).toContain(`"${reason}"`);
});
