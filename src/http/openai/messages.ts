/** Messages and tools of OpenAI's chat: their schema, and what becomes of them in the contract. */
import {
  type ChatMessage,
  Role,
  type Tool,
  type ToolCall,
  type ToolChoice,
  ToolMode,
} from "../../../gen/inferd/v1/generation_service.ts";
import type { JsonSchema } from "../parameters.ts";
import { boolean, orNull, string } from "./schemas.ts";

interface TextPart {
  readonly type: "text";
  readonly text: string;
}

type Content = string | readonly TextPart[] | null;

interface CallBody {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}

export interface MessageBody {
  readonly role: keyof typeof roles;
  readonly content?: Content;
  readonly tool_calls?: readonly CallBody[] | null;
  readonly tool_call_id?: string;
  readonly reasoning_content?: string | null;
}

export interface ToolBody {
  readonly type: "function";
  readonly function: {
    readonly name: string;
    readonly description?: string | null;
    readonly parameters?: object | null;
  };
}

export type ToolChoiceBody =
  keyof typeof modes | { readonly type: "function"; readonly function: { readonly name: string } };

const roles = {
  // OpenAI's newer name for it.
  developer: Role.SYSTEM,
  system: Role.SYSTEM,
  user: Role.USER,
  assistant: Role.ASSISTANT,
  tool: Role.TOOL,
} as const;

const modes = {
  auto: ToolMode.AUTO,
  none: ToolMode.NONE,
  required: ToolMode.REQUIRED,
} as const;

const object = (
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[],
): JsonSchema => ({ type: "object", properties, required, additionalProperties: false });

const textPart = object({ type: { const: "text" }, text: string }, ["type", "text"]);

const callSchema = object(
  {
    id: string,
    type: { const: "function" },
    function: object({ name: string, arguments: string }, ["name", "arguments"]),
  },
  ["id", "type", "function"],
);

export const messageSchema: JsonSchema = object(
  {
    role: { enum: Object.keys(roles) },
    content: { anyOf: [string, { type: "array", items: textPart }, { type: "null" }] },
    name: orNull(string),
    tool_calls: orNull({ type: "array", items: callSchema }),
    tool_call_id: string,
    reasoning_content: orNull(string),
    // What answers have, clients send back.
    refusal: { type: "null" },
    annotations: { type: "array", maxItems: 0 },
    audio: { type: "null" },
    function_call: { type: "null" },
  },
  ["role"],
);

export const toolSchema: JsonSchema = object(
  {
    type: { const: "function" },
    function: object(
      {
        name: string,
        description: orNull(string),
        parameters: orNull({ type: "object" }),
        strict: orNull(boolean),
      },
      ["name"],
    ),
  },
  ["type", "function"],
);

export const toolChoiceSchema: JsonSchema = {
  anyOf: [
    { enum: [...Object.keys(modes), null] },
    object({ type: { const: "function" }, function: object({ name: string }, ["name"]) }, [
      "type",
      "function",
    ]),
  ],
};

export const messageOf = (message: MessageBody): ChatMessage => ({
  role: roles[message.role],
  content: textOf(message.content ?? ""),
  toolCalls: (message.tool_calls ?? []).map(callOf),
  toolCallId: message.tool_call_id ?? "",
  reasoning: message.reasoning_content ?? "",
});

const textOf = (content: Content): string =>
  typeof content === "string" ? content : (content ?? []).map(({ text }) => text).join("");

const callOf = ({ id, function: called }: CallBody): ToolCall => ({
  id,
  name: called.name,
  argumentsJson: called.arguments,
});

export const toolOf = ({ function: { name, description, parameters } }: ToolBody): Tool => ({
  kind: {
    $case: "function",
    value: {
      name,
      description: description ?? "",
      parametersSchema: parameters ? JSON.stringify(parameters) : "",
    },
  },
});

export function toolChoiceOf(choice: ToolChoiceBody): ToolChoice {
  if (typeof choice === "string") return { kind: { $case: "mode", value: modes[choice] } };
  return { kind: { $case: "functionName", value: choice.function.name } };
}
