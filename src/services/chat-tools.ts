/** What a chat has beyond plain messages, and whether the model's engine reads it. */
import { type Chat, type GenerateRequest, Role } from "../../gen/inferd/v1/generation_service.ts";
import type { TokenizeRequest } from "../../gen/inferd/v1/tokenization_service.ts";
import { ServeError } from "../base/errors.ts";
import type { CompletionInput, Tool, ToolChoice } from "../engines/engine.ts";
import type { ModelStatus } from "../models/model.ts";

/** Throws TOOLS_UNSUPPORTED where the engine reads nothing of a chat but its messages, and the chat has more. */
export function checkChatParts(
  input: GenerateRequest["input"] | TokenizeRequest["input"],
  { manifest, info }: ModelStatus,
): void {
  if (input?.$case !== "chat" || info?.tasks.generate?.chatFormat !== undefined) return;
  const field = partOf(input.value);
  if (field === undefined) return;
  const { name } = manifest;
  const message = `chat.${field}: the engine of model ${name} reads messages of text alone; leave it out, or ask a model of the llama engine`;
  throw new ServeError("TOOLS_UNSUPPORTED", message, { facts: { model: name, field } });
}

/** The first field that is no plain message. What an assistant thought may be left out. */
function partOf(chat: Chat): string | undefined {
  if (chat.tools.length > 0) return "tools";
  const at = chat.messages.findIndex(
    ({ role, toolCalls }) => role === Role.TOOL || toolCalls.length > 0,
  );
  if (at !== -1) return `messages[${at}]`;
  if (chat.continueLast) return "continue_last";
  return chat.templateArguments === undefined ? undefined : "template_arguments";
}

/** The tools that a completion may call; undefined where it may call none. */
export function offeredTools(
  input: CompletionInput,
): { readonly tools: readonly Tool[]; readonly toolChoice: ToolChoice } | undefined {
  if (input.kind !== "chat") return undefined;
  const { tools, toolChoice = { kind: "auto" } } = input;
  return tools === undefined || toolChoice.kind === "none" ? undefined : { tools, toolChoice };
}
