/** What the demonstration model's pages say of it, and its held-out checks through inferd's own engine. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openLibrary } from "../../src/engines/llama/library.ts";
import { findLibrary } from "../../src/engines/llama/location.ts";
import { routeLog } from "../../src/engines/llama/log.ts";
import { openTokenizer } from "../../src/engines/llama/tokenizer.ts";
import { complete, jobFor, modelPath, openEngine } from "./llama-engine.ts";

interface Rate {
  readonly passed: number;
  readonly of: number;
  readonly rate: number;
}
interface Reference {
  readonly prompt: string;
  readonly ids: readonly number[];
}
interface Case {
  readonly question: string;
  readonly answer: string;
}

const folder = `${import.meta.dirname}/../../models/inferd-demo`;
const json = (name: string): unknown =>
  JSON.parse(readFileSync(`${folder}/recipe/${name}`, "utf8"));
const rates = json("checks.json") as Record<string, Rate>;
const cases = json("cases.json") as readonly Case[];
const references = json("reference.json") as readonly Reference[];

describe("the page of the demonstration model", () => {
  const page = readFileSync(`${folder}/README.md`, "utf8");

  it.each(Object.entries(rates))("states the rate of: %s", (skill, { passed, of, rate }) => {
    expect(page).toContain(`| ${skill} | ${passed} of ${of} | ${Math.round(100 * rate)} % |`);
    expect(rate).toBeCloseTo(passed / of, 3);
  });

  it("states the size and the digest of the weights", () => {
    const weights = readFileSync(modelPath);
    expect(page).toContain(`${weights.byteLength.toLocaleString("en")} bytes`);
    expect(page).toContain(`\`${createHash("sha256").update(weights).digest("hex")}\``);
  });
});

it(
  "extracts names that it never saw as often as the recipe's checks say",
  { timeout: 120_000 },
  async () => {
    const engine = await openEngine();
    const jobs = cases.map(({ question }) =>
      jobFor({ kind: "chat", messages: [{ role: "user", content: question }] }, { maxTokens: 120 }),
    );
    const texts: string[] = [];
    // As many at a time as there are sequences.
    for (let at = 0; at < jobs.length; at += 4) {
      for (const { text } of await complete(engine, ...jobs.slice(at, at + 4))) texts.push(text);
    }
    await engine.close();
    const passed = cases.filter(({ answer }, index) => texts[index] === answer).length;
    // The checks ask the same of PyTorch; where two tokens are nearly as likely, builds round differently.
    const stated = rates["extraction as JSON"]!.rate;
    expect(passed / cases.length).toBeGreaterThan(stated - 0.05);
  },
);

it("cuts texts into the tokens that it was trained on", () => {
  const library = openLibrary(findLibrary(undefined));
  routeLog(library, () => undefined);
  library.start();
  const model = library.model.load(modelPath, { ...library.modelDefaults(), vocab_only: true });
  const tokenizer = openTokenizer(library, library.model.vocab(model!));
  const options = { addSpecial: true, parseSpecial: true };
  expect(references.length).toBeGreaterThan(10);
  for (const { prompt, ids } of references) {
    expect([...tokenizer.tokenize(prompt, options)]).toEqual(ids);
  }
});
