/** Texts that are closed in time, without a model: tokens are chosen at random among those that may come next. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, describe, expect, it } from "vitest";
import { seededRandom, wholeBetween } from "../../../bench/lib/random.ts";
import { ConstraintCompiler } from "../../../src/engines/constraint/compiler.ts";
import type { Constraint } from "../../../src/engines/jobs.ts";
import { gbnfGrammars } from "../../fixtures/gbnf.ts";
import { schemas } from "../../fixtures/schemas.ts";

/** Every byte of a text, and some longer tokens. */
const spellings = [
  ...Array.from({ length: 255 }, (_, byte) => Uint8Array.of(byte)),
  ...['{"', '":', '"}', '","', '", "', "true", "false", "name", "arguments", "ab", "é", "}}", "12"],
  ...['"get_', "weather", "\n  ", "city", "-01-", "]]", "e+"],
].map((spelling) => (typeof spelling === "string" ? Buffer.from(spelling) : spelling));
const end = spellings.length;
const compiler = new ConstraintCompiler({
  size: spellings.length + 1,
  bytesOf: (token) => spellings[token] ?? new Uint8Array(),
});
afterAll(() => compiler.close());

const schema = (value: object): Constraint => ({
  kind: "json_schema",
  schema: JSON.stringify(value),
});

interface Written {
  readonly text: string;
  readonly count: number;
  readonly isWhole: boolean;
}

/** Writes as an engine does. */
async function write(constraint: Constraint, seed: number, most: number): Promise<Written> {
  const random = seededRandom(seed);
  await compiler.prepare(constraint);
  const matcher = compiler.matcher(constraint)!;
  const ends = new Set([end]);
  const closing = compiler.closing({ matcher, ends, now: () => 0 });
  const bytes: Uint8Array[] = [];
  let count = 0;
  while (count < most && !matcher.stopped && !closing.done) {
    const mask = Uint32Array.from(matcher.mask());
    const allowed = [...spellings.keys()].filter(
      (token) => ((mask[token >>> 5]! >>> (token & 31)) & 1) === 1,
    );
    if (matcher.accepting) allowed.push(end);
    const sampled = allowed[wholeBetween(random, 0, allowed.length - 1)]!;
    const token = closing.choose(sampled, most - count);
    count += 1;
    // The search leaves the matcher where it was.
    expect(Uint32Array.from(matcher.mask())).toEqual(mask);
    if (token === end) {
      expect(matcher.accepting).toBe(true);
      break;
    }
    expect(allowed).toContain(token);
    bytes.push(spellings[token]!);
    matcher.consume(token);
  }
  const isWhole = matcher.accepting;
  matcher.free();
  return { text: Buffer.concat(bytes).toString(), count, isWhole };
}

const patterns = { date: true, "date-time": true, uuid: true, ipv4: true } as const;
const ajv = new Ajv2020({ allowUnionTypes: true, strict: false, formats: patterns });

describe.each(Object.entries(schemas))("JSON of the schema %s", (_, value) => {
  it("is whole and valid, however many tokens there are beyond its shortest", async () => {
    const isValid = ajv.compile(value);
    const wholes: boolean[] = [];
    for (let most = 1; most <= 58; most += 3) {
      const { text, count, isWhole } = await write(schema(value), most, most);
      expect(count).toBeLessThanOrEqual(most);
      wholes.push(isWhole);
      if (isWhole) expect(isValid(JSON.parse(text)), text).toBe(true);
    }
    // Once a whole one fits, no number of tokens is too few.
    expect(wholes.slice(wholes.indexOf(true))).not.toContain(false);
    expect(wholes).toContain(true);
  });
});

const others: Readonly<Record<string, { constraint: Constraint; least: number }>> = {
  "any object": { constraint: { kind: "json_object" }, least: 2 },
  "any JSON": { constraint: schema({}), least: 1 },
  "JSON by GBNF": {
    constraint: { kind: "grammar", syntax: "gbnf", text: gbnfGrammars["json"]!.text },
    least: 2,
  },
  "a list by GBNF": {
    constraint: { kind: "grammar", syntax: "gbnf", text: gbnfGrammars["list"]!.text },
    least: 10,
  },
  "moves by GBNF": {
    constraint: { kind: "grammar", syntax: "gbnf", text: gbnfGrammars["chess"]!.text },
    least: 34,
  },
  parentheses: {
    constraint: { kind: "grammar", syntax: "lark", text: 'start: "(" start* ")"' },
    least: 2,
  },
  "an expression": { constraint: { kind: "regex", pattern: "([a-z]+ ){3}[0-9]{4}!" }, least: 14 },
  "a choice": { constraint: { kind: "choices", texts: ["abacus", "abbey", "c"] }, least: 1 },
  // The first choice at each place never leads to the end.
  "an end that is not tried first": {
    constraint: { kind: "regex", pattern: '([0-9"]|a)*END' },
    least: 3,
  },
};

/** The fewest tokens that a text can be written in. */
function fewest(text: string): number {
  const bytes = Buffer.from(text);
  const counts = [0];
  for (let end = 1; end <= bytes.length; end += 1) {
    const last = spellings.filter((spelling) =>
      bytes.subarray(0, end).toString("latin1").endsWith(Buffer.from(spelling).toString("latin1")),
    );
    counts[end] = 1 + Math.min(...last.map(({ length }) => counts[end - length]!));
  }
  return counts[bytes.length]!;
}

it.each([
  ["object", '{"name":"","age":0}'],
  ["optional", "{}"],
  ["nested", '{"at":{"x":0,"y":0}}'],
  ["constant", '{"kind":"point"}'],
  ["recursive", '{"leaf":true,"next":null}'],
  ["combined", '{"id":1,"tag":"0"}'],
  ["call", '{"name":"get_time","arguments":{"city":""}}'],
])("finds JSON of the schema %s that is as short as %j", async (name, text) => {
  const least = fewest(text);
  for (const seed of [1, 2, 3]) {
    expect((await write(schema(schemas[name]!), seed, least)).isWhole).toBe(true);
  }
});

it.each(Object.entries(others))("%s is whole", async (_, { constraint, least }) => {
  for (let most = 1; most <= 40; most += 3) {
    const { text, count, isWhole } = await write(constraint, most, most);
    expect(count).toBeLessThanOrEqual(most);
    if (most >= least) expect(isWhole, text).toBe(true);
  }
});

it("is cut off where nothing that is whole fits", async () => {
  const { count, isWhole } = await write(schema({ type: "string", minLength: 50 }), 1, 20);
  expect([count, isWhole]).toEqual([20, false]);
});

it("searches only near the end", async () => {
  const constraint: Constraint = { kind: "json_object" };
  await compiler.prepare(constraint);
  const matcher = compiler.matcher(constraint)!;
  let asked = 0;
  const now = (): number => {
    asked += 1;
    return 0;
  };
  const closing = compiler.closing({ matcher, ends: new Set([end]), now });
  expect(closing.choose(0x7b, 257)).toBe(0x7b);
  expect(asked).toBe(0);
  expect(closing.choose(0x7b, 256)).toBe(0x7b);
  expect(asked).toBeGreaterThan(0);
  matcher.free();
});

it("ends the search at its bound, and then writes the ending that it has", async () => {
  const constraint: Constraint = { kind: "json_object" };
  await compiler.prepare(constraint);
  const matcher = compiler.matcher(constraint)!;
  let ms = 0;
  const closing = compiler.closing({ matcher, ends: new Set([end]), now: () => ms });
  for (const token of [0x7b, 0x22, 0x61]) {
    expect(closing.choose(token, 100)).toBe(token);
    matcher.consume(token);
  }
  ms = 0;
  const clock = compiler.closing({ matcher, ends: new Set([end]), now: () => (ms += 600) });
  // The first search has taken all of its time and found nothing: the text is cut off.
  expect(clock.choose(0x62, 100)).toBe(0x62);
  expect(clock.choose(0x62, 1)).toBe(0x62);
  expect(clock.done).toBe(false);
  matcher.free();
});
