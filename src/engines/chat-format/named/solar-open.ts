/** Solar Open: messages of one kind each, as reasoning, content and calls. */
import type { ChatFormat, GrammarOptions } from "../format.ts";
import { offeredCalls } from "../channels/rules.ts";
import { parserOf, type Reader, type Reading } from "../reader.ts";
import { Spelling } from "../spelling.ts";
import { type NamedCalls, readNamedCalls } from "./named-calls.ts";
import { argumentsRule } from "./named-format.ts";

const kinds = { reasoning: "<|think|>", content: "<|content|>", calls: "<|tool_calls|>" };
const end = "<|end|>";
const next = "<|begin|>assistant";
const separator = "<|tool_call:name|>";

const calls: NamedCalls = {
  section: { open: kinds.calls, close: "<|calls|>" },
  call: "<|tool_call:begin|>",
  arguments: "<|tool_call:args|>",
  callEnd: "<|tool_call:end|>",
  header: (text) => {
    const [id, name] = text.split(separator);
    if (id === undefined || name === undefined) return undefined;
    return { name: name.trim(), id: id.trim() };
  },
};

export const solarOpen: ChatFormat = {
  name: "solar-open",
  markers: [
    ...Object.values(kinds),
    end,
    "<|begin|>",
    calls.section.close,
    calls.call,
    separator,
    calls.arguments,
    calls.callEnd,
  ],
  matches: (probe) => probe.calls.includes(`${separator}first${calls.arguments}`),
  parser: ({ prompted, tools }) =>
    parserOf((reader) => readMessages(reader, opened(prompted), tools.length > 0)),
  grammar: grammarOf,
};

/** The kind of message that the prompt has opened. */
function opened(prompted: string): string {
  const last = prompted.slice(prompted.lastIndexOf(end) + 1);
  return Object.values(kinds).find((kind) => last.includes(kind)) ?? "";
}

function* readMessages(reader: Reader, first: string, withCalls: boolean): Reading {
  const marks = [kinds.reasoning, kinds.content, end, next];
  for (let kind = first; ;) {
    const give = kind === kinds.reasoning ? reader.reasoning : reader.content;
    const found = yield* reader.until(marks, give, withCalls ? [kinds.calls, calls.call] : []);
    if (found === undefined) return;
    if (!marks.includes(found)) return yield* readNamedCalls(reader, calls);
    kind = found;
  }
}

function grammarOf(options: GrammarOptions): string | undefined {
  const spelling = new Spelling(options, solarOpen.markers);
  const spelled = (text: string) => spelling.literal(text);
  const rules = offeredCalls(options, (tool) => {
    const named = spelled(`${separator}${tool.name}${calls.arguments}`);
    return `${spelled(calls.call)} /[\\w-]{1,64}/ ${named} ${argumentsRule(tool, calls, options)}`;
  });
  if (rules === undefined) return undefined;
  const kind = opened(options.prompted);
  const thoughts = kind === "" ? `(${spelled(kinds.reasoning)} text)?` : "text?";
  return [
    `start: ${thoughts} (${rules.isRequired ? "" : `${spelled(kinds.content)} TEXT |`} ${spelled(kinds.calls)} call${rules.many ? "+" : ""})${kind === kinds.content ? "| TEXT" : ""}`,
    "space: /[ \\t\\n]{0,4}/",
    "TEXT: /(.|\\n)*/",
    spelling.until("text", `${end}${next}`),
    ...rules.rules,
  ].join("\n");
}
