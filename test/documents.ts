/** Reads Markdown as tests need it: its fenced blocks, each with the comment above it that says how to test it. */

import { globSync } from "node:fs";

/** The documents whose commands are tests. */
export function testedDocuments(): string[] {
  return ["README.md", ...globSync(["docs/*.md", "examples/*/README.md"]).sort()];
}

/** A fenced block. `CONTRIBUTING.md` says what each kind of test means. */
export interface Block {
  readonly line: number;
  readonly language: string;
  readonly text: string;
  readonly test: BlockTest;
}

type BlockTest =
  | { readonly kind: "none" }
  | { readonly kind: "run"; readonly says: string | undefined }
  | { readonly kind: "output" }
  | { readonly kind: "serve" }
  | { readonly kind: "probes" }
  | { readonly kind: "skip"; readonly reason: string }
  | { readonly kind: "same"; readonly file: string }
  | { readonly kind: "part"; readonly file: string }
  | { readonly kind: "setup"; readonly needs: readonly string[] }
  | { readonly kind: "tour" };

const fence = /^(?:<!-- test: (?<test>.+) -->\n\n?)?```(?<language>\w*)\n(?<text>[\s\S]*?)^```$/gm;

export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(fence)].map((match) => {
    const { test, language = "", text = "" } = match.groups ?? {};
    const line = markdown.slice(0, match.index + match[0].indexOf("```")).split("\n").length;
    return { line, language, text, test: readTest(test, line) };
  });
}

/** The comments that a block may have, and what each means. */
const comments: readonly (readonly [RegExp, (value: string) => BlockTest])[] = [
  [/^run$/, () => ({ kind: "run", says: undefined })],
  [/^run, says (.+)$/, (says) => ({ kind: "run", says })],
  [/^output$/, () => ({ kind: "output" })],
  [/^serve$/, () => ({ kind: "serve" })],
  [/^probes$/, () => ({ kind: "probes" })],
  [/^skip \((.+)\)$/, (reason) => ({ kind: "skip", reason })],
  [/^same as (\S+)$/, (file) => ({ kind: "same", file })],
  [/^part of (\S+)$/, (file) => ({ kind: "part", file })],
  [/^tour setup, needs (.+)$/, (needs) => ({ kind: "setup", needs: needs.split(" ") })],
  [/^tour$/, () => ({ kind: "tour" })],
];

function readTest(comment: string | undefined, line: number): BlockTest {
  if (comment === undefined) return { kind: "none" };
  for (const [pattern, test] of comments) {
    const match = pattern.exec(comment);
    if (match !== null) return test(match[1] ?? "");
  }
  throw new Error(`line ${line}: no such test: ${comment}`);
}

/**
 * A block's paragraphs that do not stand in a file, whose lines may be indented further: what a document quotes of a
 * program must be what the program does.
 */
export function strangersIn(block: string, file: string): string[] {
  const plain = (text: string): string => text.replace(/^[ \t]+/gm, "").trim();
  const whole = plain(file);
  return block.split("\n\n").filter((paragraph) => !whole.includes(plain(paragraph)));
}

/** Where a link inside the repository leads. */
export interface Link {
  /** Empty for the document itself. */
  readonly file: string;
  /** A heading's, without `#`; empty for the whole file. */
  readonly anchor: string;
}

/** What a document points at inside the repository: link targets, and paths in code spans. */
export function pathsOf(markdown: string): { readonly links: Link[]; readonly spans: string[] } {
  const prose = markdown.replace(fence, "");
  const inline = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  const links = inline
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = "", anchor = ""] = target.split("#");
      return { file, anchor };
    });
  const spans = [...prose.matchAll(/`((?:src|test|docs|examples|proto|tools|models)\/[\w./-]*)`/g)];
  return { links, spans: spans.map(([, path = ""]) => path) };
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const prose = markdown.replace(fence, "");
  const headings = [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, text = ""]) => text);
  return new Set(
    headings.map((text) =>
      text
        .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}
