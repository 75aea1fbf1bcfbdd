/** What a completion's tokens say: text, reasoning and tool calls, up to a stop sequence. */
import type { OutputParser, OutputPart } from "../chat-format/format.ts";
import { StopFilter } from "../stops.ts";
import { TextAssembler } from "./text.ts";

/** What a token gave. */
export interface Written {
  readonly parts: readonly OutputPart[];
  /** The stop sequence that is complete: nothing comes after. */
  readonly stop: string | undefined;
}

/** Reads one completion. */
export interface Output {
  /** Whether it has begun a tool call. */
  readonly hasCalls: boolean;
  push(token: number): Written;
  /** What was held back. */
  end(): readonly OutputPart[];
}

type BytesOf = (token: number) => Uint8Array;

/** All of it is text. */
export class PlainOutput implements Output {
  readonly hasCalls = false;
  readonly #text: TextAssembler;
  readonly #bytesOf: BytesOf;

  constructor(stops: readonly string[], bytesOf: BytesOf) {
    this.#text = new TextAssembler(stops);
    this.#bytesOf = bytesOf;
  }

  push(token: number): Written {
    const { text, stop } = this.#text.push(this.#bytesOf(token));
    return { parts: contentOf(text), stop };
  }

  end(): readonly OutputPart[] {
    return contentOf(this.#text.end());
  }
}

/** Read by the model's chat format. Stop sequences count in the answer alone, and not across a tool call. */
export class ChatOutput implements Output {
  // Whole characters: those of control tokens that the format knows are among them.
  readonly #text = new TextAssembler([]);
  readonly #parser: OutputParser;
  readonly #stops: StopFilter;
  readonly #bytesOf: BytesOf;
  #hasCalls = false;

  /** `bytesOf`: a marker's control token has the marker's text. */
  constructor(parser: OutputParser, stops: readonly string[], bytesOf: BytesOf) {
    this.#parser = parser;
    this.#stops = new StopFilter(stops);
    this.#bytesOf = bytesOf;
  }

  get hasCalls(): boolean {
    return this.#hasCalls;
  }

  push(token: number): Written {
    const { text } = this.#text.push(this.#bytesOf(token));
    return text === "" ? { parts: [], stop: undefined } : this.#read(this.#parser.push(text));
  }

  end(): readonly OutputPart[] {
    const { parts, stop } = this.#read(this.#parser.end());
    return stop === undefined ? [...parts, ...contentOf(this.#stops.flush())] : parts;
  }

  #read(given: readonly OutputPart[]): Written {
    const parts: OutputPart[] = [];
    for (const part of given) {
      if (part.kind === "content") {
        const { text, stop } = this.#stops.push(part.text);
        parts.push(...contentOf(text));
        if (stop !== undefined) return { parts, stop };
      } else {
        parts.push(...contentOf(this.#stops.flush()), part);
        this.#hasCalls ||= part.kind === "tool_call";
      }
    }
    return { parts, stop: undefined };
  }
}

const contentOf = (text: string): readonly OutputPart[] =>
  text === "" ? [] : [{ kind: "content", text }];
