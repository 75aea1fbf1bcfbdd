/** What a generation call asks to continue: from the proto's message to the engine's. */
import { type Chat, type GenerateRequest, Role } from "../../gen/inferd/v1/generation_service.ts";
import type { ChatMessage, CompletionInput } from "../engines/engine.ts";

export function inputOf({ input }: GenerateRequest): CompletionInput {
  switch (input?.$case) {
    case "prompt":
      return { kind: "prompt", text: input.value };
    case "chat":
      return { kind: "chat", messages: messagesOf(input.value) };
    case "tokenIds":
      return { kind: "token_ids", ids: Uint32Array.from(input.value.ids) };
    case undefined:
      throw new Error("bug: a request without input passed its rules");
  }
}

export const messagesOf = ({ messages }: Chat): readonly ChatMessage[] =>
  messages.map(chatMessageOf);

const roles = {
  [Role.SYSTEM]: "system",
  [Role.USER]: "user",
  [Role.ASSISTANT]: "assistant",
} as const;

function chatMessageOf({
  role,
  content,
}: {
  readonly role: Role;
  readonly content: string;
}): ChatMessage {
  if (role === Role.UNSPECIFIED) throw new Error("bug: a message without role passed its rules");
  return { role: roles[role], content };
}

/** The text that goes before the completion; empty for none. */
export function promptToRepeat({ input, includePrompt }: GenerateRequest): string {
  return includePrompt && input?.$case === "prompt" ? input.value : "";
}
