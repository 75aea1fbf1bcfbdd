/** What a chat may hold. The same ranges stand in the proto's comments, for callers. */
import {
  type Chat,
  type ChatMessage,
  type FunctionTool,
  Role,
  type Tool,
  type ToolCall,
  type ToolChoice,
  ToolMode,
} from "../../../gen/inferd/v1/generation_service.ts";
import { list } from "../validation/collections.ts";
import { message, oneof } from "../validation/messages.ts";
import { optional, unbounded } from "../validation/rule.ts";
import { known, text, toolName } from "../validation/scalars.ts";
import { checkChat } from "./chat-checks.ts";
import { templateArguments } from "./template-arguments.ts";

export const maxTextBytes = 4_194_304;
/** Of one chat. */
const maxMessages = 1024;
const maxTools = 128;
/** Of one message. */
const maxCalls = 128;
const maxNameBytes = 64;
const maxIdBytes = 128;
const maxDescriptionBytes = 16_384;
const maxSchemaBytes = 262_144;

const toolCall = message<ToolCall>({
  id: text(maxIdBytes, { mayBeEmpty: true }),
  name: text(maxNameBytes, { mayBeEmpty: false }),
  argumentsJson: text(maxTextBytes, { mayBeEmpty: false }),
});

const chatMessage = message<ChatMessage>({
  role: known(Role, { required: true }),
  content: text(maxTextBytes, { mayBeEmpty: true }),
  toolCalls: list(toolCall, { max: maxCalls }),
  toolCallId: text(maxIdBytes, { mayBeEmpty: true }),
  reasoning: text(maxTextBytes, { mayBeEmpty: true }),
});

const tool = message<Tool>({
  kind: oneof<NonNullable<Tool["kind"]>>("kind", {
    function: message<FunctionTool>({
      name: toolName(maxNameBytes),
      description: text(maxDescriptionBytes, { mayBeEmpty: true }),
      parametersSchema: text(maxSchemaBytes, { mayBeEmpty: true }),
    }),
  }),
});

const toolChoice = message<ToolChoice>({
  kind: oneof<NonNullable<ToolChoice["kind"]>>("kind", {
    mode: known(ToolMode, { required: true }),
    functionName: text(maxNameBytes, { mayBeEmpty: false }),
  }),
});

export const chat = message<Chat>(
  {
    messages: list(chatMessage, { min: 1, max: maxMessages }),
    tools: list(tool, { max: maxTools }),
    toolChoice: optional(toolChoice),
    parallelToolCalls: unbounded,
    continueLast: unbounded,
    templateArguments: optional(templateArguments),
  },
  checkChat,
);
