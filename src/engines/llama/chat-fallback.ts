/** Makes a chat with tools one that a template without them can format: what it has no place for becomes text. */
import type { ChatFormat } from "../chat-format/format.ts";
import type { ChatInput, ChatMessage } from "../engine.ts";
import type { TemplateAbilities } from "./template-abilities.ts";

export function readable(
  chat: ChatInput,
  { hasTools, hasCalls, hasResults }: TemplateAbilities,
  format: ChatFormat,
): ChatInput {
  const { tools, ...rest } = chat;
  const messages = chat.messages.map((message) => {
    const { toolCalls, ...plain } = message;
    if (toolCalls !== undefined && !hasCalls) {
      const text = format.callsText?.(toolCalls) ?? "";
      return { ...plain, content: joined(message.content, text) };
    }
    if (message.role === "tool" && !hasResults) {
      const name = nameOf(chat.messages, message);
      const content = format.resultText?.(name, message.content) ?? message.content;
      return { role: "user" as const, content };
    }
    return message;
  });
  const together = hasResults ? messages : resultsTogether(messages);
  if (tools === undefined || hasTools) return { ...chat, messages: together };
  const instructions = format.instructions?.(tools) ?? "";
  return { ...rest, messages: told(together, instructions) };
}

const joined = (first: string, second: string): string =>
  first === "" ? second : second === "" ? first : `${first}\n${second}`;

function nameOf(messages: readonly ChatMessage[], { toolCallId }: ChatMessage): string {
  const calls = messages.flatMap(({ toolCalls = [] }) => toolCalls);
  return calls.find(({ id }) => id === toolCallId)?.name ?? "";
}

/** Turns of users that follow each other become one: many templates want turns to alternate. */
function resultsTogether(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const all: ChatMessage[] = [];
  for (const message of messages) {
    const last = all.at(-1);
    if (last?.role === "user" && message.role === "user") {
      all[all.length - 1] = { ...last, content: joined(last.content, message.content) };
    } else all.push(message);
  }
  return all;
}

/** Puts instructions behind the first system text, or before all messages. */
function told(messages: readonly ChatMessage[], instructions: string): readonly ChatMessage[] {
  const [first, ...rest] = messages;
  if (first?.role !== "system") return [{ role: "system", content: instructions }, ...messages];
  return [{ ...first, content: `${first.content}\n\n${instructions}` }, ...rest];
}
