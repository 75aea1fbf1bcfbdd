/** Grammars in GBNF, without a model: a vocabulary of the 255 bytes that text can have, and an end. */
import { afterAll, describe, expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import { ConstraintCompiler } from "../../../src/engines/constraint/compiler.ts";
import type { Constraint } from "../../../src/engines/jobs.ts";
import { gbnfGrammars } from "../../fixtures/gbnf.ts";

const bytes = 255;
const compiler = new ConstraintCompiler({
  size: bytes + 1,
  bytesOf: (token) => (token < bytes ? Uint8Array.of(token) : new Uint8Array()),
});
afterAll(() => compiler.close());

const gbnf = (text: string): Constraint => ({ kind: "grammar", syntax: "gbnf", text });

async function open(text: string) {
  await compiler.prepare(gbnf(text));
  return compiler.matcher(gbnf(text))!;
}

/** How many bytes may be written, and whether the text may end there. */
async function read(grammar: string, text: string): Promise<readonly [number, boolean]> {
  const matcher = await open(grammar);
  const all = [...Buffer.from(text)];
  const wrong = all.findIndex((byte) => {
    if (!matcher.check(byte)) return true;
    matcher.consume(byte);
    return false;
  });
  const answer = [wrong < 0 ? all.length : wrong, matcher.accepting] as const;
  matcher.free();
  return answer;
}

const whole = async (grammar: string, text: string): Promise<boolean> => {
  const [count, accepting] = await read(grammar, text);
  return accepting && count === Buffer.byteLength(text);
};

describe.each(Object.entries(gbnfGrammars))("%s", (_, { text: grammar, accepted, refused }) => {
  it.each(accepted)("accepts %j", async (text) => {
    expect(await whole(grammar, text)).toBe(true);
  });
  it.each(refused)("refuses %j", async (text) => {
    expect(await whole(grammar, text)).toBe(false);
  });
});

const allowed = (mask: Uint32Array): readonly number[] =>
  Array.from({ length: bytes + 1 }, (_, token) => token).filter(
    (token) => (((mask[token >>> 5] ?? 0) >>> (token & 31)) & 1) === 1,
  );

describe("a matcher", () => {
  it("has a mask of the tokens that it would let pass, within characters too", async () => {
    const matcher = await open('root ::= [é-ë] | "x"');
    expect(allowed(matcher.mask())).toEqual([0x78, 0xc3]);
    matcher.consume(0xc3);
    expect(allowed(matcher.mask())).toEqual([0xa9, 0xaa, 0xab]);
    expect([matcher.accepting, matcher.stopped]).toEqual([false, false]);
    matcher.consume(0xaa);
    expect([allowed(matcher.mask()), matcher.accepting, matcher.stopped]).toEqual([[], true, true]);
    matcher.rollback(2);
    expect(matcher.check(0x78)).toBe(true);
  });

  it("lets no byte pass that is not UTF-8", async () => {
    const matcher = await open("root ::= .");
    const first = allowed(matcher.mask());
    expect(first.filter((byte) => byte >= 0x80)).toEqual(
      Array.from({ length: 0xf5 - 0xc2 }, (_, at) => 0xc2 + at),
    );
    const seconds = new Map([
      [0xe0, 0xa0],
      [0xf0, 0x90],
    ]);
    for (const [byte, least] of seconds) {
      matcher.consume(byte);
      expect(allowed(matcher.mask())[0]).toBe(least);
      matcher.rollback(1);
    }
    // Surrogates, and what is beyond the last character.
    matcher.consume(0xed);
    expect(allowed(matcher.mask()).at(-1)).toBe(0x9f);
    matcher.rollback(1);
    matcher.consume(0xf4);
    expect(allowed(matcher.mask()).at(-1)).toBe(0x8f);
  });
});

describe("what is refused says where", () => {
  const refused: readonly (readonly [string, string])[] = [
    ['root ::= "a', "line 1, column 12: the grammar ends in the middle"],
    ["root ::= a\n", "the rule a is not defined"],
    ['start ::= "a"', "it has no rule named root"],
    ['root ::= "a"\nb ::= )', "line 2, column 7: expected a text"],
    ['root = "a"', "line 1, column 6: expected ::="],
    ['root ::= ("a"', "line 1, column 14: expected )"],
    ["root ::= *", "line 1, column 10: there is nothing to repeat"],
    ['root ::= ""+', "line 1, column 12: there is nothing to repeat"],
    ['root ::= "\\q"', "line 1, column 12: unknown escape"],
    ["root ::= [\\x1", "line 1, column 13: expected hexadecimal"],
    ['root ::= "a"{3,2}', "repetitions are at most 2000, in order"],
    ['root ::= "a"{0,2001}', "repetitions are at most 2000, in order"],
    ['root ::= "a"{', "line 1, column 14: expected a number"],
    ['root ::= root "a" | "b"', "the rule root begins with itself"],
    ['root ::= b\nb ::= c* b "a"\nc ::= "" | "d"', "the rule b begins with itself"],
    ["root ::= snake_case", "line 1, column 15"],
  ];
  it.each(refused)("%j", async (text, message) => {
    await expect(compiler.prepare(gbnf(text))).rejects.toMatchObject({
      reason: "CONSTRAINT_INVALID",
      message: expect.stringContaining(message) as string,
    });
  });

  it("tokens, as what is not supported", async () => {
    await expect(compiler.prepare(gbnf('root ::= "a"\n  <[7]>'))).rejects.toMatchObject({
      reason: "CONSTRAINT_INVALID",
    });
    await expect(compiler.prepare(gbnf("root ::= !<think>"))).rejects.toMatchObject({
      reason: "CONSTRAINT_UNSUPPORTED",
      facts: { keyword: "tokens", path: "line 1, column 10" },
    });
  });
});

describe("hostile grammars are refused or stay within bounds", () => {
  const chain = (count: number) =>
    Array.from({ length: count }, (_, at) => `r${at} ::= r${at + 1} r${at + 1}`).join("\n");
  const hostile: Readonly<Record<string, string>> = {
    "deep groups": `root ::= ${"(".repeat(100_000)}`,
    "repeated repeats": 'root ::= (((("a"{1,2000}){1,2000}){1,2000}){1,2000}){1,2000}',
    "repeats in a row": 'root ::= "a"{2000}{2000}{2000}',
    "doubling rules": `root ::= r0\n${chain(60)}\nr60 ::= "a"`,
    "doubling rules that may be empty": `root ::= r0\n${chain(60)}\nr60 ::= "a"?`,
    "many optional parts": `root ::= ${'"a"? '.repeat(20_000)}`,
    "a long list of rules": Array.from({ length: 20_000 }, (_, at) => `r${at} ::= r${at + 1}`)
      .concat(["r20000 ::= r0", "root ::= r0"])
      .join("\n"),
    "a long line of spaces": `root ::=${" ".repeat(200_000)}`,
  };
  it.each(Object.entries(hostile))("%s", { timeout: 60_000 }, async (_, text) => {
    const outcome = await compiler.prepare(gbnf(text)).then(
      () => "compiled",
      (thrown: unknown) => ServeError.from(thrown).reason,
    );
    expect(["compiled", "CONSTRAINT_INVALID"]).toContain(outcome);
    // Whatever came of it, others are served.
    expect(await whole('root ::= "a"+', "aaa")).toBe(true);
  });

  it("ends in an error where the ways to read a text double with each byte", async () => {
    const matcher = await open('root ::= "a" root "b" | "a" root "c" | "d"');
    const write = (): void => {
      for (let count = 0; count < 64; count += 1) {
        expect(matcher.check(0x61)).toBe(true);
        matcher.consume(0x61);
      }
    };
    expect(write).toThrow(expect.objectContaining({ name: "MatcherError" }));
  });

  it("remembers what a long text needs, and no more", async () => {
    const matcher = await open(gbnfGrammars["json"]!.text);
    for (const byte of Buffer.from('{"')) matcher.consume(byte);
    for (let count = 0; count < 100_000; count += 1) matcher.consume(0x61);
    for (const byte of Buffer.from('":')) matcher.consume(byte);
    for (let depth = 0; depth < 1000; depth += 1) matcher.consume(0x5b);
    expect(allowed(matcher.mask())).toContain(0x5d);
  });
});
