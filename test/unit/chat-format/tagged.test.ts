/** Arguments that stand between tags, without quotes. */
import { describe, expect, it } from "vitest";
import { gemma4 } from "../../../src/engines/chat-format/gemma4.ts";
import { jsonOfLiteral } from "../../../src/engines/chat-format/tagged/python-literal.ts";
import { qwen3Coder } from "../../../src/engines/chat-format/tagged/qwen3-coder.ts";
import type { Tool } from "../../../src/engines/jobs.ts";
import { cutsOf, read, walk } from "./reading.ts";

const properties = {
  text: { type: "string" },
  count: { type: "integer" },
  either: { type: ["string", "null"] },
  unit: { enum: ["c", "f"] },
  there: { $ref: "#/$defs/there" },
  any: {},
};
const parameters = JSON.stringify({
  type: "object",
  properties,
  required: ["text"],
  $defs: { there: { anyOf: [{ type: "boolean" }, { type: "array" }] } },
});
const tools: readonly Tool[] = [{ name: "set", description: "", parameters }];

const argument = (key: string, value: string) => `<parameter=${key}>\n${value}\n</parameter>\n`;
const call = (...given: string[]) =>
  `<tool_call>\n<function=set>\n${given.join("")}</function>\n</tool_call>`;

describe("values between tags", () => {
  it.each([
    ["text", "12", '"12"'],
    ["text", "", '""'],
    ["text", ' "a"\n\n\\ ☃ ', String.raw`" \"a\"\n\n\\ ☃ "`],
    ["text", "</parameter> and </function>", '"</parameter> and </function>"'],
    ["text", "<tool_call>\n<function=set>", String.raw`"<tool_call>\n<function=set>"`],
    ["count", "12", "12"],
    ["count", "12345678901234567890", "12345678901234567890"],
    ["count", "many", '"many"'],
    ["either", "null", "null"],
    ["either", "12", '"12"'],
    ["unit", "c", '"c"'],
    ["there", "[1, 2]", "[1, 2]"],
    ["there", "True", "true"],
    ["any", '{"a": 1}', '{"a": 1}'],
    ["any", "{a", '"{a"'],
    ["unknown", "1", "1"],
  ])("reads %s as its schema says: %j", (key, value, json) => {
    const written = call(argument(key, value));
    const wanted = [{ name: "set", arguments: `{"${key}":${json}}` }];
    for (const pieces of cutsOf(written)) {
      expect(read(qwen3Coder, pieces, { prompted: "", tools }).calls).toEqual(wanted);
    }
  });

  it("are given before they are whole, where they are strings", () => {
    const parser = qwen3Coder.parser({ prompted: "", tools });
    parser.push("<tool_call>\n<function=set>\n<parameter=text>\n");
    expect(parser.push('so "far"')).toEqual([
      { kind: "tool_call", call: 0, arguments: String.raw`so \"far\"` },
    ]);
  });

  it("take time in proportion to their length", () => {
    const long = "</parameter>\n <".repeat(70_000);
    const pieces = call(argument("text", long)).match(/.{1,64}/gsu)!;
    const [first] = read(qwen3Coder, pieces, { prompted: "", tools }).calls;
    expect(first?.arguments).toBe(JSON.stringify({ text: long }));
  });
});

describe.each([false, true])("the grammar of tagged calls, markers spelled: %s", (spelled) => {
  const options = { tools, spelled };

  it("takes arguments in the schema's order, and values of its types", () => {
    const whole = call(argument("text", "</p> 1"), argument("count", "2"), argument("unit", "f"));
    expect(walk(qwen3Coder, whole, options)).toBe("accepted");
    for (const wrong of [
      call(argument("count", "2")),
      call(argument("text", ""), argument("count", "x")),
      call(argument("text", ""), argument("unit", "k")),
      call(argument("text", ""), argument("other", "x")),
    ]) {
      expect(walk(qwen3Coder, wrong, options)).toHaveProperty("refusedAfter");
    }
  });

  it("takes only a call where one is required", () => {
    const choice = { kind: "required" } as const;
    expect(walk(qwen3Coder, "Hello", { ...options, choice })).toHaveProperty("refusedAfter");
    expect(walk(qwen3Coder, call(argument("text", "")), { ...options, choice })).toBe("accepted");
  });

  it("takes values of Gemma by their types", () => {
    const gemma = (text: string) => `<|tool_call>call:set{${text}}<tool_call|>`;
    expect(walk(gemma4, gemma('count:1,text:<|"|>a<|"|>'), options)).toBe("accepted");
    expect(walk(gemma4, gemma('count:a,text:<|"|>a<|"|>'), options)).toHaveProperty("refusedAfter");
    expect(walk(gemma4, gemma("count:1"), options)).toHaveProperty("refusedAfter");
  });
});

it.each([
  ["{'a': [1, True, None], \"b\": 'it\\'s'}", `{"a":[1,true,null],"b":"it's"}`],
  ["(1, 2,)", "[1,2]"],
  [String.raw`'\x41\u00e9\n\d'`, String.raw`"Aé\n\\d"`],
  ["-1.5e3", "-1.5e3"],
  ["01", undefined],
  ["{1: 2}", undefined],
  ["'a", undefined],
  ["[".repeat(100_000), undefined],
])("reads the literal %j of Python as %j", (text, json) => {
  expect(jsonOfLiteral(text)).toBe(json);
});
