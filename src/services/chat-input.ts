/** A chat from the proto's message to the engine's. */
import {
  type Chat,
  type ChatMessage as ChatMessageMessage,
  Role,
  type ToolChoice as ToolChoiceMessage,
  ToolMode,
} from "../../gen/inferd/v1/generation_service.ts";
import { OpenCalls } from "../contract/requests/open-calls.ts";
import type { ChatInput, ChatMessage, Tool, ToolCall, ToolChoice } from "../engines/engine.ts";

export function chatOf(chat: Chat): ChatInput {
  const { tools, toolChoice, parallelToolCalls, continueLast, templateArguments } = chat;
  return {
    messages: messagesOf(chat),
    ...(tools.length > 0 && { tools: tools.map(toolOf) }),
    ...(toolChoice !== undefined && { toolChoice: choiceOf(toolChoice) }),
    ...(parallelToolCalls !== undefined && { parallelToolCalls }),
    ...(continueLast && { continueLast }),
    ...(templateArguments !== undefined && {
      templateArguments: JSON.stringify(templateArguments),
    }),
  };
}

/** A result without an id has that of the call that it answers. */
function messagesOf({ messages }: Chat): readonly ChatMessage[] {
  const calls = new OpenCalls();
  return messages.map((message) => {
    for (const { id } of message.toolCalls) calls.add(id);
    const answers = message.role === Role.TOOL ? calls.answer(message.toolCallId) : undefined;
    return messageOf(message, answers);
  });
}

const roles = {
  [Role.SYSTEM]: "system",
  [Role.USER]: "user",
  [Role.ASSISTANT]: "assistant",
  [Role.TOOL]: "tool",
} as const;

function messageOf(message: ChatMessageMessage, toolCallId = ""): ChatMessage {
  const { role, content, toolCalls, reasoning } = message;
  if (role === Role.UNSPECIFIED) throw new Error("bug: a message without role passed its rules");
  return {
    role: roles[role],
    content,
    ...(toolCalls.length > 0 && { toolCalls: toolCalls.map(callOf) }),
    ...(toolCallId !== "" && { toolCallId }),
    ...(reasoning !== "" && { reasoning }),
  };
}

const callOf = ({
  id,
  name,
  argumentsJson,
}: {
  readonly id: string;
  readonly name: string;
  readonly argumentsJson: string;
}): ToolCall => ({ id, name, arguments: argumentsJson });

function toolOf({ kind }: Chat["tools"][number]): Tool {
  if (kind === undefined) throw new Error("bug: a tool without a kind passed its rules");
  const { name, description, parametersSchema } = kind.value;
  return { name, description, parameters: parametersSchema === "" ? "{}" : parametersSchema };
}

const modes = {
  [ToolMode.AUTO]: "auto",
  [ToolMode.NONE]: "none",
  [ToolMode.REQUIRED]: "required",
} as const;

function choiceOf({ kind }: ToolChoiceMessage): ToolChoice {
  if (kind?.$case === "functionName") return { kind: "named", name: kind.value };
  if (kind === undefined || kind.value === ToolMode.UNSPECIFIED) {
    throw new Error("bug: a choice without a kind passed its rules");
  }
  return { kind: modes[kind.value] };
}
