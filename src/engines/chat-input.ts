/** A conversation. What is left out is not there: an engine without tools is never given any. */
export interface ChatInput {
  readonly messages: readonly ChatMessage[];
  /** At least one. */
  readonly tools?: readonly Tool[];
  /** `auto` where it is left out. */
  readonly toolChoice?: ToolChoice;
  /** True where it is left out. */
  readonly parallelToolCalls?: boolean;
  /** The completion goes on with the last message, an assistant's. */
  readonly continueLast?: boolean;
  /** More variables of the chat template, as JSON text of one object. */
  readonly templateArguments?: string;
}

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string;
  /** Of an assistant: at least one. */
  readonly toolCalls?: readonly ToolCall[];
  /** Of a tool: the call that it answers. */
  readonly toolCallId?: string;
  /** Of an assistant. */
  readonly reasoning?: string;
}

/** A function that the model may call. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  /** JSON text of a JSON Schema; `{}` where it takes no arguments. */
  readonly parameters: string;
}

export type ToolChoice =
  | { readonly kind: "auto" | "none" | "required" }
  | { readonly kind: "named"; readonly name: string };

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text of an object. */
  readonly arguments: string;
}
