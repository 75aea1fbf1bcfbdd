/** What the demonstration model's pages say of it, and its held-out checks through inferd's own engine. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CompletionInput, Engine } from "../../src/engines/engine.ts";
import { parseTemplate, readJson, renderTemplate } from "../../src/engines/llama/jinja/index.ts";
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

interface ToolCase extends Pick<Case, "answer"> {
  readonly tools: readonly unknown[];
  readonly messages: readonly unknown[];
  /** What the recipe makes of them. */
  readonly prompt: string;
}

const folder = `${import.meta.dirname}/../../models/inferd-demo`;
const json = (name: string): unknown =>
  JSON.parse(readFileSync(`${folder}/recipe/${name}`, "utf8"));
const rates = json("checks.json") as Record<string, Rate>;
const cases = json("cases.json") as readonly Case[];
const schemaCases = json("schema-cases.json") as readonly Case[];
const toolCases = json("tool-cases.json") as readonly ToolCase[];
const references = json("reference.json") as readonly Reference[];

/** The model's vocabulary and chat template, without its weights. */
function openVocabulary() {
  const library = openLibrary(findLibrary(undefined));
  routeLog(library, () => undefined);
  library.start();
  const model = library.model.load(modelPath, { ...library.modelDefaults(), vocab_only: true })!;
  return {
    tokenizer: openTokenizer(library, library.model.vocab(model)),
    template: library.model.chatTemplate(model, null) ?? "",
  };
}

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

describe("the held-out checks, through inferd's own engine", { timeout: 120_000 }, () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine();
  }, 120_000);
  afterAll(async () => {
    await engine.close();
  });

  /** How many of the cases it answers word for word. */
  async function passed(
    cases: readonly Pick<Case, "answer">[],
    inputOf: (at: number) => CompletionInput,
  ) {
    const jobs = cases.map((_, at) => jobFor(inputOf(at), { maxTokens: 120 }));
    const texts: string[] = [];
    // As many at a time as there are sequences.
    for (let at = 0; at < jobs.length; at += 4) {
      for (const { text } of await complete(engine, ...jobs.slice(at, at + 4))) texts.push(text);
    }
    return cases.filter(({ answer }, index) => texts[index] === answer).length;
  }

  const asked = (question: string): CompletionInput => {
    return { kind: "chat", messages: [{ role: "user", content: question }] };
  };

  // The checks ask the same of PyTorch; where two tokens are nearly as likely, builds round differently.
  it("extracts names that it never saw as often as the recipe's checks say", async () => {
    const count = await passed(cases, (at) => asked(cases[at]!.question));
    expect(count / cases.length).toBeGreaterThan(rates["extraction as JSON"]!.rate - 0.05);
  });

  // These are a part of the checks' cases, so that their rate may differ more.
  it("fills schemas as often", async () => {
    const count = await passed(schemaCases, (at) => asked(schemaCases[at]!.question));
    expect(count / schemaCases.length).toBeGreaterThan(rates["JSON of a schema"]!.rate - 0.15);
  });

  it("calls tools and tells their results as often", async () => {
    const { tokenizer } = openVocabulary();
    const count = await passed(toolCases, (at) => {
      const options = { addSpecial: false, parseSpecial: true };
      const ids = Uint32Array.from(tokenizer.tokenize(toolCases[at]!.prompt, options));
      return { kind: "token_ids", ids };
    });
    const stated = (rates["tool call"]!.rate + rates["answer from a tool's result"]!.rate) / 2;
    expect(count / toolCases.length).toBeGreaterThan(stated - 0.15);
  });
});

it("has a chat template that offers tools, calls them and answers as it was trained", () => {
  const template = parseTemplate(openVocabulary().template);
  expect(toolCases.length).toBeGreaterThan(10);
  for (const { tools, messages, prompt } of toolCases) {
    const [offered, said] = [tools, messages].map((value) => readJson(JSON.stringify(value)));
    const own = { bos_token: "<|bos|>", add_generation_prompt: true };
    const given = { ...own, tools: offered, messages: said };
    const options = { longest: 10_000, check: () => undefined, today: () => new Date() };
    expect(renderTemplate(template, given, options)).toBe(prompt);
  }
});

it("cuts texts into the tokens that it was trained on", () => {
  const { tokenizer } = openVocabulary();
  const options = { addSpecial: true, parseSpecial: true };
  expect(references.length).toBeGreaterThan(10);
  for (const { prompt, ids } of references) {
    expect([...tokenizer.tokenize(prompt, options)]).toEqual(ids);
  }
});
