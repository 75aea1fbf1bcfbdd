/**
 * Credit bounds what a job may send ahead of its reader: each piece and each item costs one, and a large one more. At
 * zero the worker pauses that job and no other; the reader gives credit back in halves of the
 * window, so that memory is bounded and credit messages are few.
 */
import type { EncodedItem, EncodedValue, WorkerEvent } from "./messages.ts";

/** Unread pieces or items that the server is willing to hold for one job. */
export const creditWindow = 64;

/** How many pieces or items an event has. */
export function countOf(event: WorkerEvent): number {
  switch (event.kind) {
    case "piece":
    case "reasoning":
    case "tool_call":
      return 1;
    case "items":
      return event.items.length;
    case "started":
    case "finish":
    case "failed":
      return 0;
  }
}

/** What an event costs. Beginnings and ends are free: they come once. */
export function costOf(event: WorkerEvent): number {
  if (event.kind !== "items") return countOf(event);
  return event.items.reduce((sum, item) => sum + itemCost(item), 0);
}

/** So many bytes of an item cost one. Few values have more, such as the vectors of a text's tokens. */
const bytesPerCredit = 65_536;

function itemCost({ value }: EncodedItem): number {
  return value === undefined ? 1 : Math.max(1, Math.ceil(bytesOf(value) / bytesPerCredit));
}

function bytesOf(value: EncodedValue): number {
  switch (value.kind) {
    case "sparse":
      return value.indices.byteLength + value.values.byteLength;
    case "tokens":
      return bytesOf(value.vectors);
    case "float32":
      return value.values.byteLength;
    case "float16":
    case "int8":
    case "binary":
      return value.bytes.length;
    case "labels":
      return value.scores.byteLength;
    case "score":
      return 0;
  }
}

/**
 * What one job may still send. It may fall below zero, by one step's items: a batch is computed
 * whole.
 */
export class Credit {
  #left: number;

  constructor(left: number) {
    this.#left = left;
  }

  get isSpent(): boolean {
    return this.#left <= 0;
  }

  spend(cost: number): void {
    this.#left -= cost;
  }

  grant(credit: number): void {
    this.#left += credit;
  }
}

/** The reader's side of one job's credit. */
export class Refund {
  #due = 0;
  readonly #half: number;

  constructor(windowSize: number) {
    this.#half = Math.max(1, Math.floor(windowSize / 2));
  }

  /** Notes what was read, and returns the credit to give back now: zero until half a window is due. */
  read(cost: number): number {
    this.#due += cost;
    if (this.#due < this.#half) return 0;
    const credit = this.#due;
    this.#due = 0;
    return credit;
  }
}
