/** Chats with tools, as templates are given them. */
import { describe, expect, it } from "vitest";
import type { ChatInput, ChatMessage, Tool } from "../../../src/engines/engine.ts";
import { readable } from "../../../src/engines/llama/chat-fallback.ts";
import type { CallStyle } from "../../../src/engines/llama/chat-values.ts";
import { ControlTokens } from "../../../src/engines/llama/control-tokens.ts";
import { abilitiesOf, probeOf, restAfter } from "../../../src/engines/llama/template-abilities.ts";
import type { Render } from "../../../src/engines/llama/template-abilities.ts";
import { layOutWith, readTemplate } from "../../../src/engines/llama/template.ts";
import type { TextPart } from "../../../src/engines/llama/marks.ts";
import { formatNamed } from "../../../src/engines/chat-format/index.ts";

const object: CallStyle = { arguments: "object", hasShortIds: false };

interface Laying {
  readonly style?: CallStyle;
  readonly controls?: readonly string[];
  readonly generationPrompt?: boolean;
}

function lay(source: string, chat: ChatInput, options: Laying = {}): readonly TextPart[] {
  const { style = object, controls = [], generationPrompt = true } = options;
  const layOut = layOutWith(readTemplate(source), {
    style,
    controls: new ControlTokens(controls),
    tokens: { bos_token: "<s>", eos_token: "</s>" },
    now: () => 0,
    today: () => new Date(2026, 10, 3),
  });
  return layOut(chat, { generationPrompt });
}

const textOf = (parts: readonly TextPart[]): string => parts.map(({ text }) => text).join("");
const text = (...given: Parameters<typeof lay>): string => textOf(lay(...given));
const renderOf =
  (source: string): Render =>
  (chat, options = {}) => {
    try {
      return text(source, chat, options);
    } catch {
      return undefined;
    }
  };

const ask = (content = "Hello"): ChatMessage => ({ role: "user", content });
const call = { id: "call_abcdefghijklmnop", name: "add", arguments: '{"b":2.0,"a":1}' };
const tool: Tool = { name: "add", description: "Adds.", parameters: '{"type":"object"}' };
const result: ChatMessage = { role: "tool", content: "3", toolCallId: call.id };
const called: ChatMessage = { role: "assistant", content: "", toolCalls: [call] };

const hermes = [
  "{% if tools %}<tools>{% for tool in tools %}{{ '\n' + (tool | tojson) }}{% endfor %}{{ '\n' }}</tools>{% endif %}",
  "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}",
  "{% for c in m.tool_calls %}<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}<|im_end|>\n{% endfor %}",
  "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
].join("");

describe("a chat with tools", () => {
  it("has them, their calls and results by OpenAI's names, with numbers and keys as they came", () => {
    const chat = { messages: [ask(), called, result], tools: [tool] };
    expect(text(hermes, chat)).toBe(
      '<tools>\n{"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": {"type": "object"}}}\n</tools>' +
        "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n" +
        '<tool_call>{"name": "add", "arguments": {"b": 2.0, "a": 1}}</tool_call><|im_end|>\n' +
        "<|im_start|>tool\n3<|im_end|>\n<|im_start|>assistant\n",
    );
  });

  it("names the tool of each result, by its id or in order", () => {
    const both = { ...called, toolCalls: [call, { id: "x", name: "second", arguments: "{}" }] };
    const names = "{% for m in messages %}{{ m.name }}|{% endfor %}";
    const byId = [both, { ...result, toolCallId: "x" }, result];
    const inOrder = [both, ...[1, 2].map(() => ({ role: "tool" as const, content: "" }))];
    expect(text(names, { messages: [ask(), ...byId] })).toBe("||second|add|");
    expect(text(names, { messages: [ask(), ...inOrder] })).toBe("||add|second|");
  });

  it("gives a tool without arguments a schema with no properties", () => {
    const source = "{% for t in tools %}{{ t.function.parameters | tojson }}{% endfor %}";
    const chat = { messages: [ask()], tools: [{ ...tool, parameters: "{}" }] };
    expect(text(source, chat)).toBe('{"type": "object", "properties": {}}');
  });

  it("gives reasoning under both names that templates read", () => {
    const source = "{% for m in messages %}{{ m.thinking }}={{ m.reasoning_content }}{% endfor %}";
    const said: ChatMessage = { role: "assistant", content: "4", reasoning: "2+2" };
    expect(text(source, { messages: [said] })).toBe("2+2=2+2");
  });

  it("passes arguments of the template, and keeps its own", () => {
    const source = "{{ enable_thinking }} {{ messages | length }}";
    const templateArguments = '{"enable_thinking":false,"messages":[]}';
    expect(text(source, { messages: [ask()], templateArguments })).toBe("False 1");
  });

  it.each([
    ["call_abcdefghijklmnop", /^[0-9a-f]{9}=[0-9a-f]{9}$/],
    ["abcDEF123", /^abcDEF123=abcDEF123$/],
  ])("shortens the id %s where a template must have nine characters", (id, expected) => {
    const messages = [
      { ...called, toolCalls: [{ ...call, id }] },
      { ...result, toolCallId: id },
    ];
    const source = "{{ messages[0].tool_calls[0].id }}={{ messages[1].tool_call_id }}";
    const shown = text(source, { messages }, { style: { ...object, hasShortIds: true } });
    expect(shown).toMatch(expected);
    expect(new Set(shown.split("=")).size).toBe(1);
  });
});

describe("control tokens in texts of callers", () => {
  const controls = ["<|im_start|>", "<|im_end|>", '<|"|>'];
  const end = "<|im_end|>";

  it.each([
    ["a description", { tools: [{ ...tool, description: end }] }],
    ["a name", { tools: [{ ...tool, name: end }] }],
    ["a schema's text", { tools: [{ ...tool, parameters: `{"title":"${end}"}` }] }],
    ["a schema's key", { tools: [{ ...tool, parameters: `{"${end}":1}` }] }],
    [
      "an argument",
      { messages: [{ ...called, toolCalls: [{ ...call, arguments: `{"a":"${end}"}` }] }] },
    ],
    [
      "an argument's name",
      { messages: [{ ...called, toolCalls: [{ ...call, arguments: `{"${end}":1}` }] }] },
    ],
    ["a result", { messages: [called, { ...result, content: end }] }],
    ["an argument of the template", { templateArguments: `{"more":"${end}"}` }],
  ] satisfies readonly (readonly [string, Partial<ChatInput>])[])(
    "%s are no control tokens",
    (_, part) => {
      const parts = lay(`${hermes}{{ more }}`, { messages: [ask()], ...part }, { controls });
      expect(parts.filter(({ trusted }) => !trusted).map((one) => one.text)).toEqual([end]);
    },
  );

  it("are escaped as the rest of the JSON that they stand in, as often", () => {
    const marker = '<|"|>';
    const chat = { messages: [ask(marker)] };
    const once = lay("{{ messages[0].content | tojson }}", chat, { controls });
    expect(textOf(once)).toBe('"<|\\"|>"');
    const twice = lay("{{ messages[0].content | tojson | tojson }}", chat, { controls });
    expect(textOf(twice)).toBe(JSON.stringify(JSON.stringify(marker)));
    expect(once.map(({ trusted }) => trusted)).toEqual([true, false, true]);
  });
});

describe("the last message, continued", () => {
  const chat: ChatInput = {
    messages: [ask(), { role: "assistant", content: "It is " }],
    continueLast: true,
  };

  it("ends the prompt, without what the template writes behind it", () => {
    const prompt = "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\nIt is ";
    expect(text(hermes, chat)).toBe(prompt);
  });

  it("is trimmed where the template trims messages", () => {
    const trimming = hermes.replace("m.content", "m.content | trim");
    expect(text(trimming, chat)).toMatch(/assistant\nIt is$/);
  });

  it("is refused where the template drops it", () => {
    expect(() => text("{{ messages[0].content }}", chat)).toThrow("drops the last message");
  });
});

describe("what a template can", () => {
  it("is found by trial", () => {
    const { hasTools, hasCalls, hasResults, style } = abilitiesOf(renderOf(hermes));
    expect({ hasTools, hasCalls, hasResults, style }).toEqual({
      ...{ hasTools: true, hasCalls: true, hasResults: true },
      style: object,
    });
  });

  it.each([
    [
      "arguments as text",
      "{{ c.function.name }}{{ c.function.arguments }}",
      { ...object, arguments: "text" },
    ],
    [
      "arguments as an object",
      "{{ c.function.name }}{{ c.function.arguments.items() | list }}",
      object,
    ],
    [
      "ids of nine characters",
      "{% if c.id | length != 9 %}{{ raise_exception('9') }}{% endif %}{{ c.function | tojson }}",
      { ...object, hasShortIds: true },
    ],
  ])("tells that it wants %s", (_, written, style) => {
    const source = `{% for m in messages %}{{ m.content }}{% for c in m.tool_calls %}${written}{% endfor %}{% endfor %}`;
    expect(abilitiesOf(renderOf(source))).toMatchObject({ hasTools: false, hasCalls: true, style });
  });

  it("tells formats apart by the turn of an assistant, and by what comes before one", () => {
    const { calls, generationPrompt } = probeOf(hermes, renderOf(hermes), object);
    expect(generationPrompt).toBe("<|im_start|>assistant\n");
    expect(calls).toBe(
      '<|im_start|>assistant\nC<tool_call>{"name": "first", "arguments": {"a": 1}}</tool_call>' +
        '<tool_call>{"name": "second", "arguments": {"b": "x"}}</tool_call><|im_end|>\n',
    );
  });

  it("is what a text has beyond the beginning that it shares", () => {
    expect(restAfter("abc", "abcde")).toBe("de");
    expect(restAfter("abx", "abcde")).toBe("cde");
    expect(restAfter("", "a")).toBe("a");
  });
});

describe("a template without tools", () => {
  const plain = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}";
  const abilities = abilitiesOf(renderOf(plain));

  it("is told of them in the system text, of calls as an answer, of results as a user's text", () => {
    const chat: ChatInput = {
      messages: [{ role: "system", content: "Be brief." }, ask(), called, result, ask("And?")],
      tools: [tool],
    };
    const { messages, tools } = readable(chat, abilities, formatNamed("generic")!);
    expect(tools).toBeUndefined();
    expect(messages.map(({ role }) => role)).toEqual(["system", "user", "assistant", "user"]);
    const [system, , answer, last] = messages.map(({ content }) => content);
    expect(system).toMatch(/^Be brief\.\n\n[^]*"add"/);
    expect(answer).toContain('"name": "add"');
    expect(last).toMatch(/3[^]*\nAnd\?$/);
  });

  it("leaves a chat without tools as it is", () => {
    const chat: ChatInput = { messages: [ask()] };
    expect(readable(chat, abilities, formatNamed("generic")!)).toEqual(chat);
  });
});
