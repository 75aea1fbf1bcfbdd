/** `inferd rerank` and `inferd classify`, on a real server with models of random weights. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scorers } from "../fixtures/encoder-folders.ts";
import { type RealServer, startServer } from "../real-server.ts";
import { inferd } from "./process.ts";

interface Cases {
  readonly ranking: readonly {
    readonly name: string;
    readonly documents: readonly string[];
    readonly calls: readonly { readonly query: string; readonly scores: readonly number[] }[];
  }[];
}

// What sentence-transformers computes; test/fixtures/scorers/recipe.py says how.
const { ranking } = JSON.parse(readFileSync(join(scorers, "cases.json"), "utf8")) as Cases;
const { documents, calls } = ranking.find(({ name }) => name === "sigmoid by default")!;
const { query, scores } = calls[0]!;

let server: RealServer | undefined;
const run = (args: readonly string[], input?: string) =>
  inferd([...args, "--address", server!.address], input === undefined ? {} : { input });

beforeAll(async () => {
  // Without manifests: their config.json says which of them ranks.
  server = await startServer(
    "bin/inferd serve test/fixtures/scorers/bert-1 test/fixtures/scorers/bert-3",
  );
}, 60_000);

afterAll(() => server?.stop());

const linesOf = (out: string): readonly string[] => out.trimEnd().split("\n");

// Each runs processes of its own, which take long on a busy machine.
const limits = { timeout: 120_000 };

describe("inferd rerank", limits, () => {
  const best = [...documents.keys()].sort((a, b) => scores[b]! - scores[a]!);

  it("prints the best document first, with its score", async () => {
    const input = documents.map((document) => `${document}\n`).join("");
    const { code, out } = await run(["rerank", query, "--truncation", "end"], input);
    expect(code).toBe(0);
    const printed = linesOf(out).map((line) => line.split("\t"));
    expect(printed.map(([, document]) => document)).toEqual(best.map((place) => documents[place]));
    for (const [place, [score]] of printed.entries()) {
      expect(Number(score)).toBeCloseTo(scores[best[place]!]!, 4);
    }
  });

  it("reads documents from standard input, in calls that a server accepts", async () => {
    const input = `${"b\n".repeat(600)}${documents[best[0]!]!}\n`;
    const flags = ["--json", "--top", "1", "--truncation", "end"];
    const { out, err } = await run(["rerank", query, ...flags], input);
    expect({ lines: linesOf(out).length, err }).toEqual({ lines: 1, err: "" });
    const { index, score } = JSON.parse(out) as { index: number; score: number };
    const b = await run(["rerank", query, "b", "--json"]);
    const other = (JSON.parse(b.out) as { score: number }).score;
    expect(index).toBe(scores[best[0]!]! > other ? 600 : 0);
    expect(score).toBeCloseTo(Math.max(scores[best[0]!]!, other), 4);
  });

  it("says which document it could not score, and fails", async () => {
    const long = "a ".repeat(40);
    const { code, out, err } = await run(["rerank", query, "b", long, "--raw-scores"]);
    expect({ code, lines: linesOf(out).length }).toEqual({ code: 1, lines: 1 });
    expect(err).toBe(
      "inferd: document 1: INPUT_TOO_LONG: the text has 42 tokens and the model takes 24 tokens; shorten it or set truncation\n",
    );
  });
});

describe("inferd classify", limits, () => {
  it("prints the likeliest label first, one text a line", async () => {
    const { code, out } = await run(["classify", "a cat", "b"]);
    expect(code).toBe(0);
    const lines = linesOf(out).map((line) => JSON.parse(line) as Record<string, number>);
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(Object.keys(line).sort()).toEqual(["LABEL_0", "LABEL_1", "LABEL_2"]);
      const values = Object.values(line);
      expect(values).toEqual(values.toSorted((a, b) => b - a));
      expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    }
  });

  it("reads a pair, which changes the scores", async () => {
    const [alone, pair] = await Promise.all([
      run(["classify", "a cat", "--top", "1", "--json"]),
      run(["classify", "a cat", "--pair", "a dog", "--top", "1", "--json"]),
    ]);
    const read = ({ out }: { out: string }) => JSON.parse(out) as { tokenCount: number };
    expect(read(alone)).toMatchObject({ index: 0, tokenCount: 6, labels: [{}] });
    expect(read(pair)).toMatchObject({ tokenCount: 11 });
  });

  it("keeps its lines in step and fails where a text has no labels", async () => {
    const { code, out, err } = await run(["classify", "a ".repeat(40), "b"]);
    expect({ code, first: linesOf(out)[0] }).toEqual({ code: 1, first: "null" });
    expect(err).toContain("inferd: text 0: INPUT_TOO_LONG: ");
  });
});
