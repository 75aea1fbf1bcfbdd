/** Finds out by trial what a chat template does with tools: it is rendered with some, and its text searched for them. */
import type { TemplateProbe } from "../chat-format/format.ts";
import type { ChatInput, ChatMessage, ToolCall } from "../engine.ts";
import type { CallStyle } from "./chat-values.ts";

export interface TemplateAbilities {
  /** Whether it tells the model of its tools. */
  readonly hasTools: boolean;
  /** Whether it writes the calls that an assistant made. */
  readonly hasCalls: boolean;
  /** Whether it writes messages of tools. */
  readonly hasResults: boolean;
  readonly style: CallStyle;
}

interface Rendering {
  readonly style?: CallStyle;
  readonly generationPrompt?: boolean;
}

/** Renders a chat with all control tokens as text. Undefined where the template refuses it. */
export type Render = (chat: ChatInput, options?: Rendering) => string | undefined;

export const defaultStyle: CallStyle = { arguments: "object", hasShortIds: false };

const styles: readonly CallStyle[] = [
  defaultStyle,
  { arguments: "object", hasShortIds: true },
  { arguments: "text", hasShortIds: false },
  { arguments: "text", hasShortIds: true },
];

const user: ChatMessage = { role: "user", content: "Hello" };
const system: ChatMessage = { role: "system", content: "Be brief." };
const tools = [
  {
    name: "probe_tool",
    description: "Probes.",
    parameters:
      '{"type":"object","properties":{"probe_key":{"type":"string","description":"A key."}},"required":["probe_key"]}',
  },
];
const call = {
  id: "call_0123456789",
  name: "probe_tool",
  arguments: '{"probe_key":"probe_value"}',
};
const calls: readonly ChatMessage[] = [
  user,
  { role: "assistant", content: "", toolCalls: [call] },
  { role: "tool", content: "probe_result", toolCallId: call.id },
];

export function abilitiesOf(render: Render): TemplateAbilities {
  const offered = [[user], [system, user]].map((messages) => render({ messages, tools }) ?? "");
  const hasTools = offered.some((text) => text.includes("probe_tool"));
  // A template may refuse results, or calls without results.
  const chats: readonly ChatInput[] = [calls, calls.slice(0, -1)].map((messages) => ({
    messages,
    tools,
  }));
  for (const style of styles) {
    for (const chat of chats) {
      const text = render(chat, { style }) ?? "";
      if (!writesCall(text, hasTools)) continue;
      return { hasTools, hasCalls: true, hasResults: text.includes("probe_result"), style };
    }
  }
  return { hasTools, hasCalls: false, hasResults: false, style: defaultStyle };
}

/** A template that prints an object as Python does is meant for arguments as text. */
function writesCall(text: string, hasTools: boolean): boolean {
  const isPython = text.includes("'probe_key': 'probe_value'");
  const names = text.split("probe_tool").length - 1;
  return names > (hasTools ? 1 : 0) && text.includes("probe_value") && !isPython;
}

const twoCalls: readonly ToolCall[] = [
  { id: "call00001", name: "first", arguments: '{"a":1}' },
  { id: "call00002", name: "second", arguments: '{"b":"x"}' },
];
const probeTools = ["first", "second"].map((name) => ({
  name,
  description: "Probes.",
  parameters:
    '{"type":"object","properties":{"a":{"type":"integer","description":"A."},"b":{"type":"string","description":"B."}}}',
}));

/** A chat with tools, a call and its result, as far as the template writes them. */
export const callsTrial = (render: Render, style: CallStyle): string =>
  render({ messages: calls, tools }, { style }) ?? render({ messages: [user], tools }) ?? "";

/** What tells one chat format from another. */
export function probeOf(source: string, render: Render, style: CallStyle): TemplateProbe {
  const asked: ChatInput = { messages: [user], tools: probeTools };
  const before = render(asked, { style, generationPrompt: false }) ?? "";
  const prompted = render(asked, { style }) ?? "";
  return {
    source,
    calls: callsOf(render, style, before),
    generationPrompt: restAfter(before, prompted),
  };
}

/** Some templates refuse two calls at once, content next to calls, or reasoning next to content. */
function callsOf(render: Render, style: CallStyle, before: string): string {
  for (const toolCalls of [twoCalls, twoCalls.slice(0, 1)]) {
    for (const said of [
      { content: "C", reasoning: "R" },
      { content: "", reasoning: "R" },
      { content: "" },
    ]) {
      const messages: readonly ChatMessage[] = [user, { role: "assistant", ...said, toolCalls }];
      const text = render({ messages, tools: probeTools }, { style, generationPrompt: false });
      // The prompt may name the tools as well.
      const turn = text === undefined ? "" : restAfter(before, text);
      if (turn.includes("first")) return turn;
    }
  }
  return "";
}

/** What a text has beyond the beginning that it shares with another. */
export function restAfter(beginning: string, text: string): string {
  let at = 0;
  while (at < beginning.length && beginning.charCodeAt(at) === text.charCodeAt(at)) at += 1;
  return text.slice(at);
}
