import type { ChatInput } from "./jobs.ts";

/** The texts of a chat that may be long: what bounds and estimates count. */
export function chatTexts({
  messages,
  tools = [],
  templateArguments,
}: ChatInput): readonly string[] {
  const said = messages.flatMap(({ content, reasoning = "", toolCalls = [] }) => [
    content,
    reasoning,
    ...toolCalls.flatMap((call) => [call.name, call.arguments]),
  ]);
  const offered = tools.flatMap((tool) => [tool.name, tool.description, tool.parameters]);
  return [...said, ...offered, templateArguments ?? ""];
}
