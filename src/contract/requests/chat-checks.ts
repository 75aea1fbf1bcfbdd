/** What the parts of a chat must agree on: messages by their roles, calls and their results, tools and the choice. */
import { type Chat, type ChatMessage, Role } from "../../../gen/inferd/v1/generation_service.ts";
import { pathOf } from "../validation/messages.ts";
import type { Report } from "../validation/report.ts";
import { checkSomeJson } from "./chat-json.ts";
import { OpenCalls } from "./open-calls.ts";

export function checkChat(chat: Chat, at: string, report: Report): void {
  const calls = new OpenCalls();
  chat.messages.forEach((message, index) => {
    const path = `${pathOf(at, "messages")}[${index}]`;
    checkByRole(message, path, report);
    checkCalls(message, calls, path, report);
  });
  checkTools(chat, at, report);
  checkLast(chat, at, report);
  checkSomeJson(chat, at, report);
}

function checkByRole(message: ChatMessage, at: string, report: Report): void {
  const { role, toolCalls, toolCallId, reasoning } = message;
  const only = (field: string, isSet: boolean, of: Role, name: string): void => {
    if (!isSet || role === of) return;
    report.add(pathOf(at, field), "CONFLICT", `must not be set: it is for ${name}`);
  };
  only("toolCalls", toolCalls.length > 0, Role.ASSISTANT, "ROLE_ASSISTANT");
  only("reasoning", reasoning !== "", Role.ASSISTANT, "ROLE_ASSISTANT");
  only("toolCallId", toolCallId !== "", Role.TOOL, "ROLE_TOOL");
}

function checkCalls(message: ChatMessage, calls: OpenCalls, at: string, report: Report): void {
  message.toolCalls.forEach(({ id }, index) => {
    if (calls.add(id)) return;
    const path = pathOf(`${pathOf(at, "toolCalls")}[${index}]`, "id");
    report.add(path, "CONFLICT", "must be unique: an earlier call has it");
  });
  if (message.role !== Role.TOOL) return;
  const { toolCallId } = message;
  if (calls.answer(toolCallId) !== undefined) return;
  const path = pathOf(at, "toolCallId");
  if (toolCallId === "") {
    report.add(path, "REQUIRED", "must be set: no tool call before waits for its result");
  } else {
    report.add(path, "UNKNOWN_VALUE", "must be the id of a tool call before it");
  }
}

function checkTools({ tools, ...chat }: Chat, at: string, report: Report): void {
  const names = new Set<string>();
  tools.forEach(({ kind }, index) => {
    const name = kind?.value.name ?? "";
    if (names.has(name) && name !== "") {
      const path = `${pathOf(at, "tools")}[${index}].function.name`;
      report.add(path, "CONFLICT", "must be unique: an earlier tool has it");
    }
    names.add(name);
  });
  const needsTools = "must not be set without tools";
  if (tools.length === 0) {
    const choice = pathOf(at, "toolChoice");
    if (chat.toolChoice !== undefined) report.add(choice, "CONFLICT", needsTools);
    const parallel = pathOf(at, "parallelToolCalls");
    if (chat.parallelToolCalls !== undefined) report.add(parallel, "CONFLICT", needsTools);
    return;
  }
  const wanted = chat.toolChoice?.kind;
  if (wanted?.$case !== "functionName" || names.has(wanted.value)) return;
  const path = pathOf(pathOf(at, "toolChoice"), "functionName");
  report.add(path, "UNKNOWN_VALUE", "must be the name of one of the tools");
}

function checkLast({ messages, continueLast }: Chat, at: string, report: Report): void {
  const last = messages.at(-1);
  if (!continueLast || last === undefined) return;
  const { role, content, toolCalls } = last;
  if (role === Role.ASSISTANT && content !== "" && toolCalls.length === 0) return;
  const description =
    "must not be set: the last message must be of ROLE_ASSISTANT, with content and without tool_calls";
  report.add(pathOf(at, "continueLast"), "CONFLICT", description);
}
