import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { serviceTasks } from "../src/contract/tasks.ts";
import { anchorsOf, blocksOf, pathsOf, strangersIn, testedDocuments } from "./documents.ts";

const below = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((entry) => entry.endsWith(".md") && !entry.includes("node_modules"))
    .map((entry) => join(folder, entry));

const documents = [
  ...readdirSync(".").filter((entry) => entry.endsWith(".md")),
  ...["docs", "examples", "packages", "models", "bench"].flatMap(below),
].filter((file) => !/[/\\](?:\.venv|gen|target|node_modules)[/\\]/.test(file));

describe.each(documents)("%s", (file) => {
  const { links, spans } = pathsOf(readFileSync(file, "utf8"));

  it("links to files that exist", () => {
    const lost = links.filter(
      (link) => link.file !== "" && !existsSync(join(dirname(file), link.file)),
    );
    expect(lost).toEqual([]);
  });

  it("links to headings that exist", () => {
    const lost = links.filter(({ file: to, anchor }) => {
      const target = to === "" ? file : join(dirname(file), to);
      return (
        anchor !== "" &&
        target.endsWith(".md") &&
        !anchorsOf(readFileSync(target, "utf8")).has(anchor)
      );
    });
    expect(lost).toEqual([]);
  });

  it("names paths that exist", () => {
    expect(spans.filter((path) => !existsSync(path))).toEqual([]);
  });
});

describe.each(testedDocuments())("%s", (file) => {
  const blocks = blocksOf(readFileSync(file, "utf8"));

  it("says of every block of commands how it is tested", () => {
    const bare = blocks.filter(({ language, test }) => {
      return test.kind === "none" && (language === "sh" || language === "");
    });
    expect(bare.map(({ line }) => `line ${line}`)).toEqual([]);
  });

  it("shows no output without the commands before it", () => {
    for (const [index, { line, test }] of blocks.entries()) {
      if (test.kind === "output") expect(blocks[index - 1]?.test.kind, `line ${line}`).toBe("run");
    }
  });

  it("shows files as they are", () => {
    for (const { text, test } of blocks) {
      if (test.kind === "same") expect(text).toBe(readFileSync(test.file, "utf8"));
    }
  });

  it("quotes files word for word", () => {
    for (const { text, test } of blocks) {
      if (test.kind !== "part") continue;
      expect(strangersIn(text, readFileSync(test.file, "utf8")), test.file).toEqual([]);
    }
  });
});

it.each(globSync("docs/decisions/0*.md"))("%s is at most forty lines", (file) => {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(40);
});

it.each(["models/README.md", ...globSync("models/*/README.md")])(
  "%s shows no digest but those of the manifests",
  (file) => {
    const digests = (path: string) => readFileSync(path, "utf8").match(/\b[0-9a-f]{64}\b/g) ?? [];
    const stated = globSync("models/*/model.yaml").flatMap(digests);
    const shown = digests(file);
    expect(shown).not.toEqual([]);
    expect(shown.filter((digest) => !stated.includes(digest))).toEqual([]);
  },
);

it("the service config retries calls of each service that needs a model", () => {
  const config = readFileSync("examples/service-config.json", "utf8");
  for (const [service, tasks] of serviceTasks) {
    expect(config.includes(`"${service}"`), service).toBe(tasks.length > 0);
  }
});

it("the table of health names has each service", () => {
  const rows = readFileSync("docs/run.md", "utf8").match(/^\|.*$/gm) ?? [];
  for (const service of serviceTasks.keys()) expect(rows.join()).toContain(`\`${service}\``);
});

describe("a block's comment", () => {
  const block = (comment: string) => `${comment}\n\n\`\`\`sh\necho a\n\`\`\`\n`;

  it.each([
    ["<!-- test: run -->", { kind: "run", says: undefined }],
    ["<!-- test: run, says a word -->", { kind: "run", says: "a word" }],
    ["<!-- test: output -->", { kind: "output" }],
    ["<!-- test: serve -->", { kind: "serve" }],
    ["<!-- test: probes -->", { kind: "probes" }],
    ["<!-- test: skip (no need) -->", { kind: "skip", reason: "no need" }],
    ["<!-- test: same as examples/a.py -->", { kind: "same", file: "examples/a.py" }],
    ["<!-- test: part of examples/a.py -->", { kind: "part", file: "examples/a.py" }],
    ["<!-- test: tour setup, needs java mvn -->", { kind: "setup", needs: ["java", "mvn"] }],
    ["<!-- test: tour -->", { kind: "tour" }],
    ["Some text.", { kind: "none" }],
  ])("%s is understood", (comment, test) => {
    expect(blocksOf(block(comment))).toEqual([{ line: 3, language: "sh", text: "echo a\n", test }]);
  });

  it.each(["<!-- test: walk -->", "<!-- test: skip -->"])("%s is refused", (comment) => {
    expect(() => blocksOf(block(comment))).toThrow("no such test");
  });
});

it("finds what a block has that a file has not", () => {
  const file = "def a():\n    b()\n    if c:\n        d()\n\ne()\n";
  expect(strangersIn("b()\nif c:\n    d()\n\ne()\n", file)).toEqual([]);
  expect(strangersIn("b()\nd()\n\ne()\n", file)).toEqual(["b()\nd()"]);
});
