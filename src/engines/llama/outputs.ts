/** How each job's completion is held to what was asked for, and how its tokens are read. */
import type { ConstraintCompiler } from "../constraint/compiler.ts";
import type { ChatInput, CompletionJob, Tool, ToolChoice } from "../engine.ts";
import { ChatOutput, type Output, PlainOutput } from "./output.ts";
import type { MatcherSource } from "./preparing.ts";
import type { ChatReader, Reader } from "./prompt.ts";
import type { HeldTo } from "./sequence.ts";
import { maxLayOutMs } from "./template.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { ToolConstraints } from "./tool-constraints.ts";
import type { Calls } from "./tool-grammar.ts";

/** An end token adds nothing to a completion. */
const nothing = new Uint8Array();

/** Of one job. */
export interface JobOutput {
  readonly output: Output;
  /** Undefined for any text. */
  readonly source: MatcherSource | undefined;
}

export class Outputs {
  readonly #reader: Reader;
  readonly #compiler: ConstraintCompiler;
  readonly #tools: ToolConstraints | undefined;
  readonly #bytesOf: (token: number) => Uint8Array;
  /** The same, with the texts of the format's markers. */
  readonly #chatBytes: (token: number) => Uint8Array;

  constructor(reader: Reader, compiler: ConstraintCompiler) {
    const { tokenizer, chat } = reader;
    this.#reader = reader;
    this.#compiler = compiler;
    const { ends, bytesOf } = tokenizer;
    this.#bytesOf = (token) => (ends.has(token) ? nothing : bytesOf(token));
    const markers = chat === undefined ? new Set<number>() : markersOf(tokenizer, chat);
    this.#chatBytes = (token) =>
      markers.has(token) ? tokenizer.spellingOf(token) : this.#bytesOf(token);
    if (chat === undefined) return;
    const { format } = chat;
    this.#tools = new ToolConstraints(compiler, {
      format,
      marker: (text) => terminalOf(tokenizer, text),
    });
  }

  /** Throws FIELD_INVALID for what cannot be enforced. */
  of(job: CompletionJob): JobOutput {
    const { input, stop, constraint } = job;
    const { chat } = this.#reader;
    if (constraint !== undefined) {
      const output = new PlainOutput(stop, this.#bytesOf);
      return { output, source: this.#compiler.source(constraint) };
    }
    if (input.kind !== "chat" || chat === undefined) {
      return { output: new PlainOutput(stop, this.#bytesOf), source: undefined };
    }
    const prompted = chat.prompted(input, chat.now() + maxLayOutMs);
    const calls = callsOf(input, prompted);
    const tools = calls.choice.kind === "none" ? [] : calls.tools;
    const parser = chat.format.parser({ prompted, tools });
    const output = new ChatOutput(parser, stop, this.#chatBytes);
    return { output, source: tools.length === 0 ? undefined : this.#tools?.source(calls) };
  }

  /** What a job's tokens are held to, by its matcher. */
  heldTo(
    { closesAtLength }: CompletionJob,
    { now, ...held }: Pick<HeldTo, "matcher" | "field"> & { readonly now: () => number },
  ): HeldTo {
    const { matcher } = held;
    const { ends } = this.#reader.tokenizer;
    const closing =
      closesAtLength === true ? this.#compiler.closing({ matcher, ends, now }) : undefined;
    return { ...held, closing };
  }

  /** Makes the schemas of tools ready. What the prompt ends with is not known yet, and changes none of them. */
  async prepareTools(tools: readonly Tool[], toolChoice: ToolChoice): Promise<void> {
    const calls = callsOf({ messages: [], tools, toolChoice }, "");
    this.#tools?.source(calls);
    await this.#tools?.prepare(calls);
  }

  prepareConstraint(constraint: NonNullable<CompletionJob["constraint"]>): Promise<void> {
    return this.#compiler.prepare(constraint);
  }

  close(): void {
    this.#compiler.close();
  }
}

function callsOf(input: ChatInput, prompted: string): Calls {
  const { tools = [], toolChoice = { kind: "auto" }, parallelToolCalls = true } = input;
  return { tools, choice: toolChoice, parallel: parallelToolCalls, prompted };
}

/** The format's markers that are control tokens here: tokens of their own, without a text in a completion. */
function markersOf(tokenizer: Tokenizer, { format }: ChatReader): ReadonlySet<number> {
  return new Set(format.markers.flatMap((text) => controlOf(tokenizer, text) ?? []));
}

function terminalOf(tokenizer: Tokenizer, text: string): string {
  const token = controlOf(tokenizer, text);
  return token === undefined ? JSON.stringify(text) : `<[${token}]>`;
}

function controlOf(tokenizer: Tokenizer, text: string): number | undefined {
  const id = tokenizer.special.get(text)?.id;
  return id !== undefined && tokenizer.kindOf(id) === "control" ? id : undefined;
}
