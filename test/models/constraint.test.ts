/**
 * Structured output on the demo model, which never saw a schema. Sampling is hot, so that what it writes is odd: all of
 * it must parse and be valid by ajv, which shares no code with what enforces it. INFERD_SCHEMA_SEEDS asks for more.
 */
import { spawnSync } from "node:child_process";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Constraint, Engine } from "../../src/engines/engine.ts";
import { context } from "../fixtures/jobs.ts";
import { schemas } from "../fixtures/schemas.ts";
import { complete, jobFor, openEngine, Run } from "./llama-engine.ts";

const seedCount = Number(process.env["INFERD_SCHEMA_SEEDS"] ?? 2);
const python = process.env["INFERD_PYTHON"] ?? "python3";
/** For another library to check. */
const written: [schema: object, text: string][] = [];
const hot = { temperature: 1.5, topK: 0, topP: 1, minP: 0, maxTokens: 400 };

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ maxSequences: 4 });
});
afterAll(() => engine.close());

async function write(constraint: Constraint, sampling = {}, prompt = "Write it as JSON: ") {
  const [answer] = await complete(engine, jobFor(prompt, { ...hot, ...sampling }, { constraint }));
  return answer!;
}

const schemaOf = (schema: object): Constraint => ({
  kind: "json_schema",
  schema: JSON.stringify(schema),
});

// `format` is told apart by regular expressions of their own.
const formats: Readonly<Record<string, RegExp>> = {
  date: /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/,
  "date-time": /^\d{4}-\d\d-\d\d[tT]\d\d:\d\d:\d\d(\.\d+)?([zZ]|[+-]\d\d:\d\d)$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  ipv4: /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|$)){4}$/,
};
const ajv = new Ajv2020({ allowUnionTypes: true, strict: false, formats });

describe("JSON Schema", () => {
  it.each(Object.entries(schemas))(
    "writes what is valid: %s",
    { timeout: 600_000 },
    async (_, schema) => {
      const isValid = ajv.compile(schema);
      for (let seed = 1; seed <= seedCount; seed += 1) {
        const { text, result } = await write(schemaOf(schema), { seed });
        expect(result.reason, text).toBe("stop");
        expect(isValid(JSON.parse(text)), `seed ${seed}: ${text}`).toBe(true);
        written.push([schema, text]);
      }
    },
  );

  it("writes what is valid by Python's jsonschema too", { timeout: 600_000 }, ({ skip }) => {
    const run = (program: string, input = "") =>
      spawnSync(python, ["-c", program], { input, encoding: "utf8" });
    skip(run("import jsonschema").status !== 0, "Python has no jsonschema here");
    const { stdout, stderr } = run(
      [
        "import json, sys, jsonschema",
        "for schema, text in json.load(sys.stdin):",
        "    jsonschema.Draft202012Validator(schema).validate(json.loads(text))",
        'print("valid")',
      ].join("\n"),
      JSON.stringify(written),
    );
    expect(written.length).toBeGreaterThan(0);
    expect(stdout.trim(), stderr).toBe("valid");
  });

  it("cuts off at max_tokens, and says so", async () => {
    const { text, result } = await write(schemaOf(schemas["call"]!), { maxTokens: 5 });
    expect(result.reason).toBe("length");
    expect(() => JSON.parse(text) as unknown).toThrow();
  });

  it("is greedy where the model is", async () => {
    const schema = schemaOf(schemas["object"]!);
    const once = await write(schema, { temperature: 0 });
    const again = await write(schema, { temperature: 0 });
    expect(again.text).toBe(once.text);
    expect(ajv.validate(schemas["object"]!, JSON.parse(once.text))).toBe(true);
  });
});

describe("a text that is to be closed at its length", () => {
  it.each(["object", "nested", "call", "lengths"])("is whole and valid: %s", async (name) => {
    const isValid = ajv.compile(schemas[name]!);
    for (const maxTokens of [26, 30, 41, 64]) {
      const job = jobFor(
        "Write it as JSON: ",
        { ...hot, maxTokens, seed: maxTokens },
        {
          constraint: schemaOf(schemas[name]!),
          closesAtLength: true,
        },
      );
      const [answer] = await complete(engine, job);
      const { text, result } = answer!;
      expect(result.reason, text).toBe("stop");
      expect(result.usage.completionTokens).toBeLessThanOrEqual(maxTokens);
      expect(isValid(JSON.parse(text)), text).toBe(true);
    }
  });

  it("fills its tokens first, and ends as one that is whole", async () => {
    const endless: Constraint = { kind: "regex", pattern: '"[a-z ]{100,}"' };
    const job = jobFor(
      "x",
      { ...hot, maxTokens: 200 },
      { constraint: endless, closesAtLength: true },
    );
    const [answer] = await complete(engine, job);
    expect(answer!.text).toMatch(/^"[a-z ]{100,}"$/);
    expect(answer!.result.reason).toBe("stop");
  });

  it("is cut off where no ending fits", async () => {
    const constraint = schemaOf(schemas["object"]!);
    const job = jobFor("x", { ...hot, maxTokens: 4 }, { constraint, closesAtLength: true });
    const [answer] = await complete(engine, job);
    expect(answer!.result.reason).toBe("length");
    expect(answer!.result.usage.completionTokens).toBe(4);
  });
});

it("writes a JSON object", async () => {
  const { text, result } = await write({ kind: "json_object" }, { maxTokens: 400, seed: 3 });
  expect(text.startsWith("{")).toBe(true);
  if (result.reason === "stop") expect(JSON.parse(text)).toBeTypeOf("object");
});

it.each([1, 2, 3])("writes what a regular expression matches, seed %i", async (seed) => {
  const { text } = await write({ kind: "regex", pattern: "[A-Z][a-z]{2,5} [0-9]{1,3}" }, { seed });
  expect(text).toMatch(/^[A-Z][a-z]{2,5} [0-9]{1,3}$/);
});

it("writes one of the choices, and the model may choose which", async () => {
  const texts = ["yes", "no", "a.b (c) & ~d", "größer", "yes, but"];
  const written = new Set<string>();
  for (let seed = 1; seed <= 12; seed += 1) {
    written.add((await write({ kind: "choices", texts }, { seed })).text);
  }
  for (const text of written) expect(texts).toContain(text);
  expect(written.size).toBeGreaterThan(1);
});

it("writes text of a grammar", async () => {
  const text = 'start: sum\nsum: NUMBER (("+" | "-") NUMBER){1,3}\nNUMBER: /[1-9][0-9]?/';
  const answer = await write({ kind: "grammar", syntax: "lark", text }, { seed: 5 });
  expect(answer.text).toMatch(/^[1-9][0-9]?([+-][1-9][0-9]?){1,3}$/);
});

it("writes text of a grammar in GBNF", async () => {
  const text = "root ::= number ([+-] number){1,3}\nnumber ::= [1-9] [0-9]?";
  const answer = await write({ kind: "grammar", syntax: "gbnf", text }, { seed: 5 });
  expect(answer.text).toMatch(/^[1-9][0-9]?([+-][1-9][0-9]?){1,3}$/);
});

it("serves jobs with and without a constraint in one batch, and changes no other", async () => {
  const plain = jobFor("Once upon a time", { maxTokens: 20 });
  const [alone] = await complete(engine, plain);
  const bound = jobFor("Answer: ", hot, {
    constraint: { kind: "choices", texts: ["left", "right"] },
  });
  const [with1, free, with2] = await complete(engine, bound, plain, bound);
  expect(free!.text).toBe(alone!.text);
  expect(["left", "right"]).toContain(with1!.text);
  expect(["left", "right"]).toContain(with2!.text);
});

it("refuses a constraint by its question, and by the job", async () => {
  const constraint = schemaOf({ not: { type: "string" } });
  const asked = Promise.resolve(engine.answer!({ kind: "prepareConstraint", constraint }));
  await expect(asked).rejects.toMatchObject({
    reason: "CONSTRAINT_UNSUPPORTED",
    facts: { keyword: "not", path: "/not" },
  });
  const other = schemaOf({ properties: { a: { uniqueItems: true } } });
  const run = new Run(engine);
  run.add(9001, jobFor("x", {}, { constraint: other }));
  await run.until();
  expect(run.events(9001)).toMatchObject([
    {
      kind: "failed",
      error: { reason: "CONSTRAINT_UNSUPPORTED", facts: { path: "/properties/a/uniqueItems" } },
    },
  ]);
});

it("forgets a job that is cancelled while its constraint is compiled", () => {
  const constraint: Constraint = { kind: "regex", pattern: "[a-c]{7}" };
  engine.add(9002, jobFor("x", {}, { constraint }), context);
  expect(engine.busy).toBe(true);
  engine.cancel(9002);
  expect(engine.busy).toBe(false);
});

it("fails alone where min_tokens lets it write nothing", async () => {
  const constraint: Constraint = { kind: "grammar", syntax: "lark", text: 'start: "a" | "ab"' };
  const { text, result } = await write(constraint, { minTokens: 30, seed: 1 });
  // Nothing may follow `ab`, so it ends there however few tokens that is.
  expect([text, result.reason]).toEqual(["ab", "stop"]);
});
