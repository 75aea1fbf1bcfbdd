/** Calls that a chat template writes, read back by its format. */
import { formatOf } from "../../src/engines/chat-format/index.ts";
import type { ChatFormat } from "../../src/engines/chat-format/format.ts";
import type { ChatInput, ChatMessage, Tool, ToolCall } from "../../src/engines/jobs.ts";
import { ControlTokens } from "../../src/engines/llama/control-tokens.ts";
import {
  abilitiesOf,
  defaultStyle,
  probeOf,
  type Render,
  restAfter,
} from "../../src/engines/llama/template-abilities.ts";
import { layOutWith, readTemplate } from "../../src/engines/llama/template.ts";
import { read, toolOf } from "../unit/chat-format/reading.ts";

export interface Template {
  readonly format: ChatFormat;
  readonly hasCalls: boolean;
  /** The most calls that it writes in a turn. */
  readonly most: number;
  /** An assistant's turn with calls, as a model would write it. */
  readonly turn: (calls: readonly ToolCall[]) => Turn | undefined;
}

interface Turn {
  readonly prompted: string;
  readonly text: string;
}

const tools: readonly Tool[] = [
  toolOf("get_time", { city: { type: "string" }, exact: { type: "boolean" } }),
  toolOf("save", {
    text: { type: "string" },
    count: { type: "integer" },
    share: { type: "number" },
    tags: { type: "array", items: { type: "string" } },
    more: { type: "object", additionalProperties: {} },
  }),
];
const asked: readonly ChatMessage[] = [{ role: "user", content: "Hello" }];

export function templateOf(source: string): Template {
  const parsed = readTemplate(source);
  const render: Render = (chat, { style = defaultStyle, generationPrompt = true } = {}) => {
    try {
      const layOut = layOutWith(parsed, {
        style,
        controls: new ControlTokens([]),
        tokens: { bos_token: "<s>", eos_token: "</s>" },
        now: () => 0,
        today: () => new Date(2026, 10, 3),
      });
      return layOut(chat, { generationPrompt })
        .map(({ text }) => text)
        .join("");
    } catch {
      return undefined;
    }
  };
  const { hasCalls, style } = abilitiesOf(render);
  const probe = probeOf(source, render, style);
  const text = (messages: readonly ChatMessage[], generationPrompt: boolean) => {
    const chat: ChatInput = { messages, tools };
    return render(chat, { style, generationPrompt });
  };
  const [before, prompt] = [text(asked, false) ?? "", text(asked, true) ?? ""];
  const whole = (said: Omit<ChatMessage, "role">) =>
    text([...asked, { role: "assistant", ...said }], false) ?? "";
  const end = whole({ content: "THE END" }).split("THE END")[1] ?? "";
  const turn: Template["turn"] = (toolCalls) => {
    const all = sayings.map((said) => whole({ ...said, toolCalls }));
    const written = all.filter((one) => hasCall(restAfter(before, one))).slice(0, 2);
    const goesOn = written.find((one) => one.startsWith(prompt));
    if (goesOn !== undefined) {
      const rest = withoutEnd(goesOn.slice(prompt.length), end);
      return { prompted: prompt.slice(before.length), text: rest };
    }
    const other = written.at(-1);
    if (other === undefined) return undefined;
    return { prompted: "", text: withoutEnd(restAfter(before, other), end) };
  };
  const most = probe.calls.includes("second") ? 2 : 1;
  return { format: formatOf(probe), hasCalls, most, turn };
}

/** Next to calls: some templates want reasoning or content. */
const sayings = [{ content: "" }, { content: "", reasoning: "Hm." }, { content: "Well." }];

const hasCall = (text: string): boolean => /get_time|save/.test(text);
const withoutEnd = (text: string, end: string): string =>
  text.endsWith(end) ? text.slice(0, text.length - end.length) : text;

/** Calls that are not read as they were written: the text, and what was read of it. */
export function lostIn(template: Template, all: readonly ToolCall[]): string | undefined {
  const calls = all.slice(0, template.most);
  const turn = template.turn(calls);
  if (turn === undefined) return "the template writes none";
  const got = read(template.format, [turn.text], { prompted: turn.prompted, tools });
  const plain = (of: readonly Omit<ToolCall, "id">[]) =>
    JSON.stringify(of.map((call) => [call.name, sorted(JSON.parse(call.arguments))]));
  try {
    if (plain(got.calls) === plain(calls)) return undefined;
  } catch {
    // Arguments that are no JSON: told below.
  }
  return `${JSON.stringify(turn)} was read as ${JSON.stringify(got)}`;
}

/** Members in one order: some templates sort them. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  );
}

const texts = [
  "Oslo",
  "São Paulo 🌍",
  'say "hi", \\ and \\n',
  "two\nlines\n",
  "{}[],:",
  "it's",
  "  spaces  ",
  "",
  "a < b && c > d",
  "12",
  "true",
];

/** Calls by a seed: the same on every machine. */
export function callsOf(seed: number): readonly ToolCall[] {
  let state = seed + 1;
  const below = (count: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % count;
  };
  const text = () => texts[below(texts.length)] ?? "";
  const one = (index: number): ToolCall => {
    const args =
      below(2) === 0
        ? { city: text(), exact: below(2) === 0 }
        : {
            text: text(),
            count: below(1000) - 500,
            share: below(100) / 8 + 0.0625,
            tags: [text(), text()],
            more: { key: text(), deep: [{ x: null }] },
          };
    const name = "city" in args ? "get_time" : "save";
    return { id: `call0000${index}`, name, arguments: JSON.stringify(args) };
  };
  return Array.from({ length: 1 + (seed % 2) }, (_, index) => one(index));
}
