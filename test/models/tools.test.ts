/**
 * Tool calls on the demo model, held to their grammar. Sampling is hot, so that what it writes is odd: each call must be
 * of a tool that it was offered, with arguments that are valid by ajv, which shares no code with what enforces them.
 */
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChatInput, Engine, JobEvent, Tool } from "../../src/engines/engine.ts";
import { complete, type Completion, jobFor, openEngine } from "./llama-engine.ts";

const hot = { temperature: 1.3, topK: 0, topP: 1, minP: 0, maxTokens: 300 };
const seeds = [1, 2, 3, 4, 5, 6];

const schemas = {
  get_weather: {
    type: "object",
    properties: {
      city: { type: "string", maxLength: 20 },
      unit: { enum: ["celsius", "fahrenheit"] },
      days: { type: "integer", minimum: 1, maximum: 9 },
    },
    required: ["city", "unit"],
    additionalProperties: false,
  },
  "add.numbers": {
    type: "object",
    properties: {
      numbers: {
        type: "array",
        items: { type: "integer", minimum: -999, maximum: 999 },
        minItems: 1,
        maxItems: 3,
      },
    },
    required: ["numbers"],
    additionalProperties: false,
  },
} as const;

const tools: readonly Tool[] = [
  ...Object.entries(schemas).map(([name, schema]) => ({
    name,
    description: "",
    parameters: JSON.stringify(schema),
  })),
  { name: "now", description: "The time.", parameters: "{}" },
];

const ajv = new Ajv2020({ strict: false });
const isValid: Readonly<Record<string, (value: unknown) => boolean>> = {
  ...Object.fromEntries(Object.entries(schemas).map(([name, one]) => [name, ajv.compile(one)])),
  now: ajv.compile({ type: "object", maxProperties: 0 }),
};

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ maxSequences: 4, chatFormat: "generic" });
});
afterAll(() => engine.close());

interface Call {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** Puts the pieces of each call together, and holds them to their order. */
function callsOf(events: readonly JobEvent[]): readonly Call[] {
  const calls: Call[] = [];
  for (const event of events) {
    if (event.kind !== "tool_call") continue;
    const { call, id, name, arguments: text } = event;
    if (id !== undefined) {
      expect(call).toBe(calls.length);
      calls.push({ id, name: name ?? "", arguments: text });
    } else {
      expect(call).toBe(calls.length - 1);
      calls[call] = { ...calls[call]!, arguments: calls[call]!.arguments + text };
    }
  }
  return calls;
}

async function ask(chat: Partial<ChatInput>, sampling = {}, rest = {}): Promise<Completion> {
  const messages = [{ role: "user", content: "What is the weather in Paris?" }] as const;
  const input = { kind: "chat", messages, tools, ...chat } as const;
  const [answer] = await complete(engine, jobFor(input, { ...hot, ...sampling }, rest));
  return answer!;
}

function expectValid({ name, arguments: text, id }: Call): void {
  expect(Object.keys(isValid)).toContain(name);
  expect(isValid[name]!(JSON.parse(text)), `${name} ${text}`).toBe(true);
  expect(id).toMatch(/^call_[A-Za-z0-9]{24}$/);
}

it("says its format", () => {
  expect(engine.info.tasks.generate?.chatFormat).toBe("generic");
});

describe("required", { timeout: 300_000 }, () => {
  it.each(seeds)("writes valid calls and nothing else, seed %i", async (seed) => {
    const { events, text, result } = await ask({ toolChoice: { kind: "required" } }, { seed });
    const calls = callsOf(events);
    expect(calls.length).toBeGreaterThan(0);
    // A call of which even the name was cut off is text.
    if (result.reason !== "length") expect(text.trim()).toBe("");
    const whole = result.reason === "tool_calls" ? calls : calls.slice(0, -1);
    for (const call of whole) expectValid(call);
    expect(["tool_calls", "length"]).toContain(result.reason);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
  });

  it("writes one call where no more may come", async () => {
    for (const seed of seeds) {
      const choice = { toolChoice: { kind: "required" }, parallelToolCalls: false } as const;
      const { events, result } = await ask(choice, { seed });
      expect(callsOf(events)).toHaveLength(1);
      expect(result.reason).toBe("tool_calls");
    }
  });

  it("says that a call was cut off", async () => {
    const text = { type: "string", minLength: 2000 };
    const schema = { type: "object", properties: { text }, required: ["text"] };
    const long = { name: "write", description: "", parameters: JSON.stringify(schema) };
    const chat = { tools: [long], toolChoice: { kind: "required" } } as const;
    const { events, result } = await ask(chat, { maxTokens: 80 });
    expect(result.reason).toBe("length");
    expect(callsOf(events)).toHaveLength(1);
  });
});

it("calls the tool that is named", { timeout: 300_000 }, async () => {
  for (const seed of seeds) {
    const toolChoice = { kind: "named", name: "add.numbers" } as const;
    const calls = callsOf((await ask({ toolChoice }, { seed })).events);
    expect(calls.map(({ name }) => name)).toEqual(["add.numbers"]);
    calls.forEach(expectValid);
  }
});

it("writes text, or text and valid calls, where it may choose", { timeout: 300_000 }, async () => {
  for (const seed of seeds) {
    const { events, text, result } = await ask({}, { seed });
    const calls = callsOf(events);
    if (result.reason === "stop") expect(calls).toEqual([]);
    if (result.reason === "tool_calls") calls.forEach(expectValid);
    expect(text).not.toContain("<tool_call>");
  }
});

it("takes any object where a schema cannot be enforced, of that tool alone", async () => {
  const odd = { name: "odd", description: "", parameters: '{"type":"object","not":{}}' };
  const named = { kind: "named", name: "odd" } as const;
  const prepared = engine.answer!({ kind: "prepareTools", tools: [odd], toolChoice: named });
  expect(await prepared).toBe(true);
  const { events, result } = await ask({ tools: [...tools, odd], toolChoice: named }, { seed: 2 });
  const [call] = callsOf(events);
  expect(call?.name).toBe("odd");
  if (result.reason === "tool_calls") expect(JSON.parse(call!.arguments)).toBeTypeOf("object");
});

it("gives the id of every token once, calls or not", async () => {
  const rest = { returnTokenIds: true };
  const { tokens, result } = await ask({ toolChoice: { kind: "required" } }, { seed: 3 }, rest);
  expect(tokens).toHaveLength(result.usage.completionTokens);
});

it("ends at a stop sequence of the answer, and at none of a call", async () => {
  const stop = ["name", "{"];
  const chat = { toolChoice: { kind: "required" } } as const;
  const { result } = await ask(chat, { seed: 1 }, { stop });
  expect(result.reason).not.toBe("stop_sequence");
});
