/**
 * How a family of models writes reasoning and tool calls in a chat. A format reads completions, and says by a grammar
 * how calls must be written. It knows no engine: an engine gives it text, with the format's markers as texts.
 */
import type { Tool, ToolCall, ToolChoice } from "../jobs.ts";

export interface ChatFormat {
  /** As `Model.chat_format` of the contract. */
  readonly name: string;
  /**
   * Texts that models may have as control tokens, such as `<tool_call>` or `[TOOL_CALLS]`. The engine shows them to the
   * parser as these texts; other control tokens add no text.
   */
  readonly markers: readonly string[];
  /** Whether a chat template is of this format. */
  matches(probe: TemplateProbe): boolean;
  /** Reads one completion. */
  parser(options: ParserOptions): OutputParser;
  /** What the completion may be where tools are offered. Undefined: the format cannot be forced. */
  grammar(options: GrammarOptions): string | undefined;
  /** For a system text: the tools and how to call them. Used where the chat template has no place for tools. */
  readonly instructions?: (tools: readonly Tool[]) => string;
  /** Tool calls as an assistant's text. Used where the chat template has no place for calls. */
  readonly callsText?: (calls: readonly ToolCall[]) => string;
  /** A tool's result as a user's text. Used where the chat template has no place for results. */
  readonly resultText?: (name: string, content: string) => string;
}

/** A chat template, and what it renders. */
export interface TemplateProbe {
  readonly source: string;
  /**
   * The text of the assistant's turn with content "C", reasoning "R" and two calls: `first` with {"a":1} and `second`
   * with {"b":"x"}; empty where the template cannot render it.
   */
  readonly calls: string;
  /** What the template writes after a user's message for the model to go on. */
  readonly generationPrompt: string;
}

export interface ParserOptions {
  /** What the prompt ends with after the last message: it may have opened reasoning, or a message that is continued. */
  readonly prompted: string;
  /** Empty where none are offered: then text is never read as a call. */
  readonly tools: readonly Tool[];
}

/**
 * Reads the text of a completion piece by piece. However the text is cut into pieces, what is given is the same when
 * joined, and no byte is lost or doubled: what may be the beginning of a marker is held back.
 */
export interface OutputParser {
  push(text: string): readonly OutputPart[];
  /** The completion has ended, perhaps within a call. */
  end(): readonly OutputPart[];
}

export type OutputPart =
  | { readonly kind: "content"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string }
  | {
      readonly kind: "tool_call";
      /** From 0. The parts of a call come one after another. */
      readonly call: number;
      /** In the first part of each call. */
      readonly name?: string;
      /** In the first part, of a format that writes ids. */
      readonly id?: string;
      /** The next part of the arguments: joined, they are the text of a JSON object. */
      readonly arguments: string;
    };

export interface GrammarOptions {
  readonly tools: readonly Tool[];
  readonly choice: ToolChoice;
  readonly parallel: boolean;
  readonly prompted: string;
  /** A marker as a terminal of Lark: a literal, or `<[id]>` where the vocabulary has it as a control token. */
  readonly marker: (text: string) => string;
  /**
   * As a JSON literal of Lark with llguidance's `%json`: the arguments of a tool. Formats that write arguments one by
   * one ask for each: with the tool, and the argument's schema as its `parameters`, which alone count.
   */
  readonly json: (tool: Tool) => string;
}
