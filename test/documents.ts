/** Reads Markdown as tests need it: its fenced blocks, each with the comment above it that says how to test it. */

import { globSync } from "node:fs";

/** The documents whose commands are tests. */
export function testedDocuments(): string[] {
  return [
    "README.md",
    "docs/operations.md",
    "docs/security.md",
    ...globSync("examples/*/README.md").sort(),
  ];
}

/** A fenced block. `CONTRIBUTING.md` says what each kind of test means. */
export interface Block {
  readonly line: number;
  readonly language: string;
  readonly text: string;
  readonly test: BlockTest;
}

export type BlockTest =
  | { readonly kind: "none" }
  | { readonly kind: "run"; readonly says: string | undefined }
  | { readonly kind: "serve" }
  | { readonly kind: "probes" }
  | { readonly kind: "skip"; readonly reason: string }
  | { readonly kind: "same"; readonly file: string };

const fence = /^(?:<!-- test: (?<test>.+) -->\n\n?)?```(?<language>\w*)\n(?<text>[\s\S]*?)^```$/gm;

export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(fence)].map((match) => {
    const { test, language = "", text = "" } = match.groups ?? {};
    const line = markdown.slice(0, match.index + match[0].indexOf("```")).split("\n").length;
    return { line, language, text, test: readTest(test, line) };
  });
}

function readTest(test: string | undefined, line: number): BlockTest {
  if (test === undefined) return { kind: "none" };
  const [, says] = /^run(?:, says (.+))?$/.exec(test) ?? [];
  if (says !== undefined || test === "run") return { kind: "run", says };
  if (test === "serve" || test === "probes") return { kind: test };
  const reason = /^skip \((.+)\)$/.exec(test)?.[1];
  if (reason !== undefined) return { kind: "skip", reason };
  const file = /^same as (\S+)$/.exec(test)?.[1];
  if (file !== undefined) return { kind: "same", file };
  throw new Error(`line ${line}: no such test: ${test}`);
}

/** What a document points at inside the repository: link targets, and paths in code spans. */
export function pathsOf(markdown: string): { readonly links: string[]; readonly spans: string[] } {
  const prose = markdown.replace(fence, "");
  const inline = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  const links = inline
    .filter((target) => !/^(?:[a-z]+:|#)/.test(target))
    .map((target) => target.replace(/#.*$/, ""));
  const spans = [...prose.matchAll(/`((?:src|test|docs|examples|proto|tools|models)\/[\w./-]*)`/g)];
  return { links, spans: spans.map(([, path = ""]) => path) };
}
