/** Constraints without a model: a vocabulary of the 255 bytes that text can have, and an end. */
import { afterAll, describe, expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import type { Constraint } from "../../../src/engines/jobs.ts";
import { ConstraintCompiler } from "../../../src/engines/constraint/compiler.ts";
import type { Matcher } from "../../../src/engines/constraint/matcher.ts";
import { schemas } from "../../fixtures/schemas.ts";

const bytes = 255;
const compiler = new ConstraintCompiler({
  size: bytes + 1,
  bytesOf: (token) => (token < bytes ? Uint8Array.of(token) : new Uint8Array()),
});
afterAll(() => compiler.close());

async function open(constraint: Constraint): Promise<Matcher> {
  await compiler.prepare(constraint);
  return compiler.matcher(constraint)!;
}

/** Whether a text may be written as a whole. */
async function accepts(constraint: Constraint, text: string): Promise<boolean> {
  const matcher = await open(constraint);
  try {
    for (const byte of Buffer.from(text)) {
      if (matcher.stopped || !matcher.check(byte)) return false;
      matcher.consume(byte);
    }
    return matcher.accepting;
  } finally {
    matcher.free();
  }
}

const schema = (value: unknown): Constraint => ({
  kind: "json_schema",
  schema: JSON.stringify(value),
});
const regex = (pattern: string): Constraint => ({ kind: "regex", pattern });
const lark = (text: string): Constraint => ({ kind: "grammar", syntax: "lark", text });

const point = schema({
  type: "object",
  properties: { x: { type: "integer", maximum: 9 }, y: { type: "string" } },
  required: ["x"],
  additionalProperties: false,
});

const texts: readonly (readonly [Constraint, readonly string[], readonly string[]])[] = [
  [
    point,
    ['{"x":1}', '{"x": 9, "y": "ü\\n"}', '{\n  "x": 1\n}'],
    ['{"x":10}', '{"y":"a"}', '{"x":1,"z":2}', '{"x":1', '{"x":   1}', '{"x":1.5}', "[]"],
  ],
  [{ kind: "json_object" }, ["{}", '{"a":[1,{"b":null}]}'], ["[]", "1", '{"a":}', "{'a':1}"]],
  [schema({}), ["1", '"a"', "{}"], ["a", ""]],
  [schema(true), ["1", "[]"], ["x"]],
  [schema({ const: 12_345_678_901_234_567_000 }), ["12345678901234567000"], ["1"]],
  [regex("[a-z]+@[a-z]+\\.com"), ["me@here.com"], ["me@here.org", "@here.com", "me@here.com "]],
  [
    { kind: "choices", texts: ["yes", "no", "a.b", "1|2", "c (d) & ~e #f-[g]{2}\\", "zwölf"] },
    ["yes", "no", "a.b", "1|2", "c (d) & ~e #f-[g]{2}\\", "zwölf"],
    ["axb", "1", "yesno", "", "Yes"],
  ],
  [lark('start: "a"+ pair\npair: "(" pair? ")"'), ["aa((()))", "a()"], ["a((", "()", "a())"]],
];

describe.each(texts)("%o", (constraint, good, bad) => {
  it.each(good)("accepts %j", async (text) => {
    expect(await accepts(constraint, text)).toBe(true);
  });
  it.each(bad)("refuses %j", async (text) => {
    expect(await accepts(constraint, text)).toBe(false);
  });
});

function allowedBy(matcher: Matcher): readonly number[] {
  const mask = Uint32Array.from(matcher.mask());
  return Array.from({ length: bytes + 1 }, (_, token) => token).filter(
    (token) => (((mask[token >>> 5] ?? 0) >>> (token & 31)) & 1) === 1,
  );
}

describe("a matcher", () => {
  it("has a mask of the tokens that it would let pass", async () => {
    const matcher = await open(regex("[b-d]x?|é"));
    const allowed = () => allowedBy(matcher);
    const first = allowed();
    expect(first).toEqual([0x62, 0x63, 0x64, 0xc3]);
    for (let token = 0; token <= bytes; token += 1) {
      expect(matcher.check(token), String(token)).toBe(first.includes(token));
    }
    matcher.consume(0x62);
    expect([allowed(), matcher.accepting, matcher.stopped]).toEqual([[0x78], true, false]);
    matcher.consume(0x78);
    expect([matcher.accepting, matcher.stopped]).toEqual([true, true]);
  });

  it("goes back", async () => {
    const matcher = await open(lark('start: "ab" | "ac"'));
    matcher.consume(0x61);
    matcher.consume(0x62);
    matcher.rollback(1);
    expect(matcher.check(0x63)).toBe(true);
    matcher.consume(0x63);
    expect(matcher.stopped).toBe(true);
  });

  it("has the mask of where it went back to, and not of where it was", async () => {
    const matcher = await open(schema(schemas["recursive"]));
    const write = (text: string): void =>
      Buffer.from(text).forEach((byte) => matcher.consume(byte));
    write('{"leaf":true,"next"');
    write(":null\n\t");
    expect(allowedBy(matcher)).toContain(0x7d);
    matcher.rollback(7);
    write(":{\n\t");
    expect(allowedBy(matcher)).not.toContain(0x7d);
  });

  it("is one text's own", async () => {
    const [one, other] = [await open(point), await open(point)];
    one.consume(0x7b);
    expect([one.check(0x7b), other.check(0x7b)]).toEqual([false, true]);
    one.free();
    expect(other.check(0x7b)).toBe(true);
  });
});

describe("what cannot be enforced is refused", () => {
  const refused: readonly (readonly [Constraint, string, object])[] = [
    [
      schema({ properties: { not: { items: { uniqueItems: true } } } }),
      "CONSTRAINT_UNSUPPORTED",
      { keyword: "uniqueItems", path: "/properties/not/items/uniqueItems" },
    ],
    [
      schema({ const: { not: 1 }, anyOf: [{ "a/b": 1 }, { not: {} }] }),
      "CONSTRAINT_UNSUPPORTED",
      {},
    ],
    [
      schema({ properties: { a: { oneOf: [{ type: "string" }, { minLength: 3 }] } } }),
      "CONSTRAINT_UNSUPPORTED",
      { keyword: "oneOf", path: "/properties/a/oneOf" },
    ],
    [schema({ if: {}, then: {} }), "CONSTRAINT_UNSUPPORTED", {}],
    [
      schema({ type: "string", format: "klingon" }),
      "CONSTRAINT_UNSUPPORTED",
      { keyword: "format", path: "/format" },
    ],
    [{ kind: "json_schema", schema: '{"type":' }, "CONSTRAINT_INVALID", {}],
    [{ kind: "json_schema", schema: '{"type":"object"} x' }, "CONSTRAINT_INVALID", {}],
    [schema({ type: "strin" }), "CONSTRAINT_INVALID", {}],
    [schema(false), "CONSTRAINT_INVALID", {}],
    [schema({ type: "integer", minimum: 5, maximum: 3 }), "CONSTRAINT_INVALID", {}],
    [schema({ $ref: "http://example.com/schema" }), "CONSTRAINT_INVALID", {}],
    [schema({ $ref: "#/$defs/none" }), "CONSTRAINT_INVALID", {}],
    [schema({ type: "string", pattern: "(?=a)b" }), "CONSTRAINT_INVALID", {}],
    [regex("a("), "CONSTRAINT_INVALID", {}],
    [lark("start: nothing"), "CONSTRAINT_INVALID", {}],
  ];
  it.each(refused)("%j", async (constraint, reason, facts) => {
    await expect(compiler.prepare(constraint)).rejects.toMatchObject({ reason, facts });
  });

  it("takes no options from a caller", async () => {
    const lenient = { "x-guidance": { lenient: true, coerce_one_of: true }, not: {} };
    await expect(compiler.prepare(schema(lenient))).rejects.toMatchObject({
      reason: "CONSTRAINT_UNSUPPORTED",
    });
  });
});

describe("hostile constraints are refused or compiled within bounds", () => {
  const many = (count: number, make: (place: number) => unknown): readonly unknown[] =>
    Array.from({ length: count }, (_, place) => make(place));
  const hostile: Readonly<Record<string, Constraint>> = {
    "deep JSON": { kind: "json_schema", schema: '{"items":'.repeat(20_000) },
    "deep groups": regex("(".repeat(20_000) + ")".repeat(20_000)),
    "deep grammar": lark(`start: ${"(".repeat(20_000)}`),
    "repeated repeats": regex("(a{1,1000}){1,1000}"),
    "many states": regex("(.*a){300}"),
    "states by a window": regex("(a|b)*a(a|b){200}"),
    "required alternatives": schema({
      allOf: many(14, (at) => ({ anyOf: [{ required: [`a${at}`] }, { required: [`b${at}`] }] })),
    }),
    "a long list": schema({ type: "array", minItems: 1e8, maxItems: 1e8 }),
    "a long text": schema({ type: "string", minLength: 1e9 }),
    "many values": schema({ enum: many(20_000, (at) => `value ${at} ${at * 7919}`) }),
    "an ambiguous grammar": lark('start: start start | "a" | '),
    "a circle": schema({ $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/a" } } }),
    "many properties": schema({
      properties: Object.fromEntries(
        many(3_000, (at) => [`p${at}`, { type: "integer" }]) as [string, unknown][],
      ),
    }),
  };
  it.each(Object.entries(hostile))("%s", { timeout: 60_000 }, async (_, constraint) => {
    const outcome = await compiler.prepare(constraint).then(
      () => "compiled",
      (thrown: unknown) => ServeError.from(thrown).reason,
    );
    expect(["compiled", "CONSTRAINT_INVALID"]).toContain(outcome);
    // Whatever came of it, others are served.
    expect(await accepts(regex("a+"), "aaa")).toBe(true);
  });
});
