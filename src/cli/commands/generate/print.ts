/** What `inferd generate` prints of a stream: the answer and tool calls on standard output, the rest aside. */
import {
  type GenerateRequest,
  type GenerateStreamResponse,
  GenerateStreamResponse as Response,
  GenerationServiceService,
  type ToolCallPiece,
} from "../../../../gen/inferd/v1/generation_service.ts";
import type { Server } from "../../client.ts";
import { jsonWriter } from "../../contract.ts";
import { aside, remark, write, writeJson } from "../../print.ts";
import { summary } from "./summary.ts";

type Event = NonNullable<GenerateStreamResponse["event"]>;

export async function printText(server: Server, request: GenerateRequest): Promise<void> {
  const printed = new Printed();
  try {
    for await (const { event } of server.call(GenerationServiceService.generateStream, [request])) {
      if (event !== undefined) await printed.add(event);
    }
  } finally {
    // After an interrupted line, an error or the shell's prompt starts a new line.
    await printed.endLine();
  }
}

export async function printJson(server: Server, request: GenerateRequest): Promise<void> {
  const toJson = jsonWriter("inferd.v1.GenerateStreamResponse");
  for await (const event of server.call(GenerationServiceService.generateStream, [request])) {
    await writeJson(toJson(Response.encode(event).finish()));
  }
}

/** Follows what is on the terminal: text, a call that is not whole yet, and reasoning, each from a line's beginning. */
class Printed {
  #last = "\n";
  #hasThought = false;
  #hasPrinted = false;
  #call: { index: number; id: string; name: string; parts: string[] } | undefined;

  async add(event: Event): Promise<void> {
    if (event.$case !== "toolCall") await this.#endCall();
    switch (event.$case) {
      case "started":
        return;
      case "piece":
        await this.#text(event.value.text);
        return;
      case "reasoning":
        this.#hasThought = aside(event.value.text);
        return;
      case "toolCall":
        await this.#addCall(event.value);
        return;
      case "finish":
        await this.#line();
        remark(summary(event.value));
    }
  }

  async endLine(): Promise<void> {
    if (this.#last.endsWith("\n")) return;
    this.#last = "\n";
    await write("\n");
  }

  async #text(text: string): Promise<void> {
    if (text === "") return;
    this.#endThought();
    this.#last = text;
    this.#hasPrinted = true;
    await write(text);
  }

  /** An answer without text is an empty line. */
  async #line(): Promise<void> {
    this.#endThought();
    if (!this.#hasPrinted) this.#last = "";
    await this.endLine();
  }

  #endThought(): void {
    if (this.#hasThought) aside("\n");
    this.#hasThought = false;
  }

  async #addCall({ callIndex, id, name, argumentsJson }: ToolCallPiece): Promise<void> {
    if (this.#call?.index !== callIndex) {
      await this.#endCall();
      this.#call = { index: callIndex, id, name, parts: [] };
    }
    this.#call.parts.push(argumentsJson);
  }

  async #endCall(): Promise<void> {
    if (this.#call === undefined) return;
    const { id, name, parts } = this.#call;
    this.#call = undefined;
    this.#endThought();
    await this.endLine();
    this.#hasPrinted = true;
    await write(`${callLine({ id, name, text: parts.join("") })}\n`);
  }
}

interface WholeCall {
  readonly id: string;
  readonly name: string;
  /** Of the arguments. */
  readonly text: string;
}

/** A call as a line of JSON. Arguments are as the model wrote them; those that were cut off are text. */
function callLine({ id, name, text }: WholeCall): string {
  const head = `{"id":${JSON.stringify(id)},"name":${JSON.stringify(name)},"arguments":`;
  return `${head}${isJson(text) ? text.replaceAll(/\r?\n\s*/g, "") : JSON.stringify(text)}}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
