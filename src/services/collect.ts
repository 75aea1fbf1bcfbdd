/** The answer of a unary generation call: its events as one message. */
import type {
  Finish,
  GenerateResponse,
  GenerateStreamResponse,
  Piece,
  ReasoningPiece,
  Started,
  ToolCall,
  ToolCallPiece,
} from "../../gen/inferd/v1/generation_service.ts";
import type { GenerationResponse } from "./generation-messages.ts";

/** A token id takes at most so many bytes. */
const idBytes = 5;
/** Tags and lengths of a tool call and its fields, at most. */
const callBytes = 24;

/** `fits` throws where the answer has become too large. */
export async function collect(
  responses: AsyncIterable<GenerationResponse>,
  fits: (bytes: number) => void,
): Promise<GenerateResponse> {
  const answer = new Answer();
  let started: Started | undefined;
  let finish: Finish | undefined;
  for await (const { event } of responses) {
    if (event.$case === "started") started = event.value;
    else if (event.$case === "finish") finish = event.value;
    else {
      answer.add(event);
      fits(answer.bytes);
    }
  }
  if (finish === undefined) throw new Error("bug: a generation job ended without its finish");
  return { ...answer.fields, finish, started };
}

type Given = Exclude<
  NonNullable<GenerateStreamResponse["event"]>,
  { $case: "started" } | { $case: "finish" }
>;

class Answer {
  readonly #texts: string[] = [];
  readonly #tokenIds: number[] = [];
  readonly #reasoning: string[] = [];
  readonly #calls = new Map<number, { id: string; name: string; parts: string[] }>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get fields(): Pick<GenerateResponse, "text" | "tokenIds" | "reasoning" | "toolCalls"> {
    const toolCalls = [...this.#calls.values()].map(({ id, name, parts }): ToolCall => ({
      id,
      name,
      argumentsJson: parts.join(""),
    }));
    const [text, reasoning] = [this.#texts.join(""), this.#reasoning.join("")];
    return { text, tokenIds: this.#tokenIds, reasoning, toolCalls };
  }

  add(event: Given): void {
    switch (event.$case) {
      case "piece":
        this.#addPiece(event.value);
        return;
      case "reasoning":
        this.#addReasoning(event.value);
        return;
      case "toolCall":
        this.#addCall(event.value);
    }
  }

  #addPiece({ text, tokenIds }: Piece): void {
    this.#bytes += Buffer.byteLength(text) + tokenIds.length * idBytes;
    this.#texts.push(text);
    for (const id of tokenIds) this.#tokenIds.push(id);
  }

  #addReasoning({ text }: ReasoningPiece): void {
    this.#bytes += Buffer.byteLength(text);
    this.#reasoning.push(text);
  }

  #addCall({ callIndex, id, name, argumentsJson }: ToolCallPiece): void {
    this.#bytes += Buffer.byteLength(id) + Buffer.byteLength(name);
    this.#bytes += Buffer.byteLength(argumentsJson);
    const call = this.#calls.get(callIndex);
    if (call === undefined) {
      this.#bytes += callBytes;
      this.#calls.set(callIndex, { id, name, parts: [argumentsJson] });
    } else call.parts.push(argumentsJson);
  }
}
