import { randomInt } from "node:crypto";
import type { OutputPart } from "../chat-format/format.ts";
import type { JobEvent } from "../engine.ts";

type CallPart = Extract<OutputPart, { readonly kind: "tool_call" }>;
type PieceEvent = Extract<JobEvent, { readonly kind: "piece" }>;

/** Makes events of what a completion says. Tokens whose text is held back are sent with the next text, or with the last. */
export class OutputEvents {
  readonly #returnsIds: boolean;
  #unsent: number[] = [];
  #calls = 0;

  constructor(returnsIds: boolean) {
    this.#returnsIds = returnsIds;
  }

  token(id: number): void {
    if (this.#returnsIds) this.#unsent.push(id);
  }

  of(parts: readonly OutputPart[], isLast = false): readonly JobEvent[] {
    const events = joined(parts).map((part) => this.#event(part));
    const isDue = events.length > 0 || isLast;
    if (this.#unsent.length === 0 || !isDue) return events;
    const tokenIds = Uint32Array.from(this.#unsent);
    this.#unsent = [];
    const last = events.findLastIndex(({ kind }) => kind === "piece");
    if (last === -1) return [...events, { kind: "piece", text: "", tokenIds }];
    return events.with(last, { ...(events[last] as PieceEvent), tokenIds });
  }

  #event(part: OutputPart): JobEvent {
    switch (part.kind) {
      case "content":
        return { kind: "piece", text: part.text };
      case "reasoning":
        return part;
      case "tool_call":
        return this.#callEvent(part);
    }
  }

  #callEvent(part: CallPart): JobEvent {
    const { call, name, id, arguments: text } = part;
    if (call < this.#calls) return { kind: "tool_call", call, arguments: text };
    this.#calls = call + 1;
    const first = { id: id ?? newId(), ...(name !== undefined && { name }) };
    return { kind: "tool_call", call, ...first, arguments: text };
  }
}

/** Content that comes together is one piece. */
function joined(parts: readonly OutputPart[]): readonly OutputPart[] {
  const all: OutputPart[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (last?.kind === "content" && part.kind === "content") {
      all[all.length - 1] = { kind: "content", text: last.text + part.text };
    } else all.push(part);
  }
  return all;
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** As OpenAI's are. */
function newId(): string {
  const chosen = Array.from({ length: 24 }, () => letters.charAt(randomInt(letters.length)));
  return `call_${chosen.join("")}`;
}
