/** A chat as its template is given it: the variables that transformers gives, from OpenAI's names. */
import { createHash } from "node:crypto";
import type { ChatInput, ChatMessage, Tool, ToolCall } from "../engine.ts";
import { readJson } from "./jinja/index.ts";
import type { Value } from "./jinja/index.ts";

/** How a template wants tool calls. */
export interface CallStyle {
  /** Arguments as an object, or as JSON text. */
  readonly arguments: "object" | "text";
  /** Whether ids must have nine letters and digits, as Mistral's must. */
  readonly hasShortIds: boolean;
}

/**
 * Sees every text of a caller once, always in the same order, and returns what the template is given in its place.
 * `key`: of a JSON object, which templates look up.
 */
export type See = (text: string, kind: "content" | "text" | "key") => string;

/** The variables of one chat. Callers' texts are all in it, and pass through `see`. */
export function chatValues(
  chat: ChatInput,
  style: CallStyle,
  see: See,
): Readonly<Record<string, Value>> {
  const { messages, tools, templateArguments } = chat;
  const names = namesOf(messages);
  const own = templateArguments === undefined ? new Map() : seen(readJson(templateArguments), see);
  return {
    ...Object.fromEntries(own as ReadonlyMap<string, Value>),
    messages: messages.map((message) => messageValue(message, { style, see, names })),
    tools: tools === undefined ? null : tools.map((tool) => toolValue(tool, see)),
  };
}

interface MessageOptions {
  readonly style: CallStyle;
  readonly see: See;
  readonly names: ReadonlyMap<ChatMessage, string>;
}

function messageValue(
  message: ChatMessage,
  { style, see, names }: MessageOptions,
): ReadonlyMap<string, Value> {
  const { role, content, reasoning, toolCalls, toolCallId } = message;
  const value = new Map<string, Value>();
  const thought = reasoning === undefined ? undefined : see(reasoning, "text");
  // As transformers does: some templates read one name, some the other.
  if (thought !== undefined) value.set("thinking", thought);
  value.set("role", role);
  value.set("content", see(content, "content"));
  if (thought !== undefined) value.set("reasoning_content", thought);
  if (toolCalls !== undefined) {
    value.set(
      "tool_calls",
      toolCalls.map((call) => callValue(call, style, see)),
    );
  }
  if (role === "tool") {
    value.set("tool_call_id", see(idOf(toolCallId ?? "", style), "text"));
    const name = names.get(message);
    if (name !== undefined) value.set("name", see(name, "text"));
  }
  return value;
}

function callValue(call: ToolCall, style: CallStyle, see: See): Value {
  const isObject = style.arguments === "object";
  return new Map<string, Value>([
    ["id", see(idOf(call.id, style), "text")],
    ["type", "function"],
    [
      "function",
      new Map<string, Value>([
        ["name", see(call.name, "text")],
        ["arguments", isObject ? seen(readJson(call.arguments), see) : see(call.arguments, "text")],
      ]),
    ],
  ]);
}

/** The schema of no arguments: templates look up the properties of every tool. */
const noArguments = '{"type":"object","properties":{}}';

function toolValue({ name, description, parameters }: Tool, see: See): Value {
  const schema = readJson(parameters);
  const isEmpty = schema instanceof Map && schema.size === 0;
  return new Map<string, Value>([
    ["type", "function"],
    [
      "function",
      new Map<string, Value>([
        ["name", see(name, "text")],
        ["description", see(description, "text")],
        ["parameters", seen(isEmpty ? readJson(noArguments) : schema, see)],
      ]),
    ],
  ]);
}

/** JSON of a caller with all its texts seen. */
function seen(value: Value, see: See): Value {
  if (typeof value === "string") return see(value, "text");
  if (Array.isArray(value)) return value.map((item: Value) => seen(item, see));
  if (!(value instanceof Map)) return value;
  return new Map(
    [...(value as ReadonlyMap<string, Value>)].map(([key, one]) => [
      see(key, "key"),
      seen(one, see),
    ]),
  );
}

const shortId = /^[a-zA-Z0-9]{9}$/;

/** An id of another form is replaced by a digest: the same one in a call and in its result. */
function idOf(id: string, { hasShortIds }: CallStyle): string {
  if (!hasShortIds || shortId.test(id)) return id;
  return createHash("sha256").update(id).digest("hex").slice(0, 9);
}

/** The tool that each result is of: by the id of the call, or by the order of the calls of the last turn. */
function namesOf(messages: readonly ChatMessage[]): ReadonlyMap<ChatMessage, string> {
  const names = new Map<ChatMessage, string>();
  let open: ToolCall[] = [];
  for (const message of messages) {
    if (message.toolCalls !== undefined) open = [...message.toolCalls];
    if (message.role !== "tool") continue;
    const { toolCallId = "" } = message;
    const at = toolCallId === "" ? 0 : open.findIndex(({ id }) => id === toolCallId);
    const [call] = at === -1 ? [] : open.splice(at, 1);
    if (call !== undefined) names.set(message, call.name);
  }
  return names;
}
