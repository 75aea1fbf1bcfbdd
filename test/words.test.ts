/** Documents, help texts and comments of the contract are plain technical English, as CONTRIBUTING.md says. */
import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { settings } from "../src/config/settings.ts";
import { command } from "./command.ts";
import { bannedIn, commentsOf, sentencesIn, sentencesOf, tooLong, wordsOf } from "./prose.ts";

const ignored = /[/\\](?:\.venv|gen|target|node_modules|build|third_party)[/\\]/;
const found = (...patterns: string[]): string[] =>
  globSync(patterns)
    .filter((file) => !ignored.test(file))
    .sort();

const documents = found("*.md", "docs/**/*.md", "{bench,examples,models,packages}/**/*.md");

/** Generated pages have the sentences of their sources: contract, settings, metrics, scenarios. */
const mayBeLong = /^docs[/\\](?:reference|benchmarks)[/\\]/;

/** A program's output is no one's prose. */
const isOutput = (file: string): boolean => file.endsWith("samples.md");

describe.each(documents.filter((file) => !isOutput(file)))("%s", (file) => {
  const sentences = sentencesOf(readFileSync(file, "utf8"));

  it("has no word that is banned", () => {
    expect(sentences.flatMap((sentence) => bannedIn(sentence).map(() => sentence))).toEqual([]);
  });

  it.skipIf(mayBeLong.test(file))("has no sentence that is too long", () => {
    expect(tooLong(sentences)).toEqual([]);
  });
});

describe.each(found("proto/inferd/v1/*.proto"))("the comments of %s", (file) => {
  const sentences = commentsOf(readFileSync(file, "utf8")).flatMap(sentencesOf);

  it("have no word that is banned", () => {
    expect(sentences.flatMap((sentence) => bannedIn(sentence).map(() => sentence))).toEqual([]);
  });

  it("have no sentence that is too long", () => {
    expect(tooLong(sentences)).toEqual([]);
  });
});

it.each(Object.keys(settings))("the help of the setting %s is plain and short", (name) => {
  const { help } = settings[name as keyof typeof settings];
  expect(bannedIn(help)).toEqual([]);
  expect(tooLong(sentencesIn(help))).toEqual([]);
});

it.each(["", "serve", "models", "keys", "generate", "embed", "call"])(
  "the help of inferd %s has no word that is banned",
  async (name) => {
    const text = await command(
      "bin/inferd",
      [name, "--help"].filter((word) => word !== ""),
    );
    expect(text).toContain("Usage: inferd");
    expect(bannedIn(text)).toEqual([]);
  },
);

describe("prose", () => {
  it("is what Markdown says, without its code", () => {
    const markdown = [
      "# A heading",
      "",
      "One sentence,",
      "over two lines. Another with `code that has words` and a [link](https://example.com/a.b)!",
      "",
      "- An item. Its second sentence.",
      "- **Name.** What it is.",
      "",
      "| a cell | another one. Two sentences |",
      "| ------ | -------------------------- |",
      "",
      "```sh",
      "not read",
      "```",
      "",
      "<!-- nor this -->",
      "",
      "[link]: https://example.com",
    ].join("\n");
    expect(sentencesOf(markdown)).toEqual([
      "A heading",
      "One sentence, over two lines.",
      "Another with code and a link!",
      "An item.",
      "Its second sentence.",
      "**Name.**",
      "What it is.",
      "a cell",
      "another one.",
      "Two sentences",
    ]);
  });

  it("is read from a proto's comments", () => {
    const proto =
      "// Says\n// one thing.\n//\n// And another.\nmessage A {\n  // A field.\n  string b = 1;\n}\n";
    expect(commentsOf(proto).flatMap(sentencesOf)).toEqual([
      "Says one thing.",
      "And another.",
      "A field.",
    ]);
  });

  it.each([
    ["Whoever reads", ["whoever"]],
    ["It is shown of\nlate, and stands beside it", ["of late", "beside"]],
    ["Recommended here, with a history", []],
  ])("of %j bans %j", (text, words) => {
    expect(bannedIn(text)).toEqual(words);
  });

  it("counts words, and code as one", () => {
    expect(wordsOf("At most 30 words – gRPC's own retries – are code")).toBe(9);
    const word = "word ";
    expect(tooLong([word.repeat(30), word.repeat(31)])).toEqual([word.repeat(31)]);
  });
});
