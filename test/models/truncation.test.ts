/** That cutting a text before it is read cuts it into the tokens of the whole: with a real vocabulary. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { CompletionJob } from "../../src/engines/engine.ts";
import { openLibrary } from "../../src/engines/llama/library.ts";
import { findLibrary } from "../../src/engines/llama/location.ts";
import { routeLog } from "../../src/engines/llama/log.ts";
import { readPrompt, truncate } from "../../src/engines/llama/prompt.ts";
import { openTokenizer } from "../../src/engines/llama/tokenizer.ts";
import type { Tokenizer } from "../../src/engines/llama/tokenizer.ts";
import { jobFor, modelPath } from "./llama-engine.ts";

const contextLength = 2048;
const keep = 2040;
const longest = 4 * 2 ** 20;

const library = openLibrary(findLibrary(undefined));
routeLog(library, () => undefined);
library.start();
const model = library.model.load(modelPath, { ...library.modelDefaults(), vocab_only: true });
const tokenizer = openTokenizer(library, library.model.vocab(model!));

/** Prose, tables and code of this repository, and scripts that it is not written in. */
const root = join(import.meta.dirname, "../..");
const documents = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
const sources = readdirSync(join(root, "src/engines/llama")).filter((name) => name.endsWith(".ts"));
const texts: readonly [kind: string, text: string][] = [
  ["documents", documents.map((name) => readFileSync(join(root, "docs", name), "utf8")).join("\n")],
  [
    "code",
    sources.map((name) => readFileSync(join(root, "src/engines/llama", name), "utf8")).join("\n"),
  ],
  ["other scripts", "naïve café 🙂 — über 東京都に住む мама мыла раму   \t\n\n شكرا 👩‍👩‍👧 "],
];

function readCut(text: string, drop: "start" | "end") {
  let given = 0;
  const counting: Tokenizer = {
    ...tokenizer,
    tokenize(part, options) {
      given += Buffer.byteLength(part);
      return tokenizer.tokenize(part, options);
    },
  };
  const job: CompletionJob = jobFor(text, { maxTokens: contextLength - keep }, { truncate: drop });
  const tokens = readPrompt({ tokenizer: counting, chat: undefined, contextLength }, job);
  return { tokens: [...tokens], given };
}

it.each(texts.flatMap(([kind, text]) => [1, 2, 3].map((cut) => ({ kind, text, cut }))))(
  "$kind, cut at place $cut",
  { timeout: 120_000 },
  ({ text, cut }) => {
    const long = text.repeat(Math.ceil((3 * 2 ** 16) / text.length)).slice(cut * 13, -cut * 17);
    const whole = tokenizer.tokenize(long, { addSpecial: true, parseSpecial: false });
    for (const drop of ["start", "end"] as const) {
      const { tokens, given } = readCut(long, drop);
      expect(tokens).toEqual([...truncate(whole, keep, { from: drop, bos: tokenizer.bos })]);
      expect(given).toBeLessThan(Buffer.byteLength(long));
    }
  },
);

it.each(["start", "end"] as const)(
  "four mebibytes that lose their %s are not read but for a hundredth",
  { timeout: 120_000 },
  (drop) => {
    const [, text] = texts[0]!;
    const { tokens, given } = readCut(text.repeat(Math.ceil(longest / text.length)), drop);
    expect(tokens).toHaveLength(keep);
    expect(given).toBeLessThan(longest / 100);
  },
);
