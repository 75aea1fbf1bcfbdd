import { IdList } from "../../base/id-list.ts";
import type { Task } from "../tasks.ts";
import type { Frame, Head } from "./frames.ts";

/** What a program was asked and has not ended: a generation, or a batch of texts. */
export interface Call {
  readonly task: Task;
  /** Whether the program may give something now: one without credit may not. */
  readonly isDue: boolean;
  /** Takes a frame of the call. One of the types in `lastTypes` is the last. */
  receive(frame: Frame): void;
}

/** A call, and since when nothing was heard of it. */
export interface OpenCall {
  readonly call: Call;
  /** By the clock of the watch (`hang.ts`). */
  heardAt: number;
  isCancelled: boolean;
}

/** Exactly one of these ends a call. */
const lastTypes: ReadonlySet<string> = new Set(["done", "error", "cancelled", "vectors", "scores"]);

export interface CallsParts {
  readonly send: (head: Head) => void;
  readonly now: () => number;
}

/** Owns the ids of the protocol: which calls a program computes, also those that were cancelled. */
export class Calls {
  readonly #parts: CallsParts;
  readonly #open = new IdList<OpenCall>();
  #lastId = 0;

  constructor(parts: CallsParts) {
    this.#parts = parts;
  }

  get open(): readonly OpenCall[] {
    return this.#open.values;
  }

  /** How many of a task the program computes. */
  count(task: Task): number {
    return this.#open.values.filter(({ call }) => call.task === task).length;
  }

  begin(call: Call): number {
    this.#lastId += 1;
    this.#open.add(this.#lastId, { call, heardAt: this.#parts.now(), isCancelled: false });
    return this.#lastId;
  }

  /** Nobody waits for the call any more; it counts until the program says that it has ended. */
  cancel(id: number): void {
    const open = this.#open.get(id);
    if (open === undefined || open.isCancelled) return;
    open.isCancelled = true;
    open.heardAt = this.#parts.now();
    this.#parts.send({ type: "cancel", id });
  }

  /** Forgets a call that the program was not told of. */
  drop(id: number): void {
    this.#open.take(id);
  }

  /** The program's time to give something begins again. */
  touch(id: number): void {
    const open = this.#open.get(id);
    if (open !== undefined) open.heardAt = this.#parts.now();
  }

  /** Hands a frame to its call; drops one of a call that has ended. */
  receive(frame: Frame): void {
    const { id, type } = frame.head;
    if (typeof id !== "number") return;
    const isLast = lastTypes.has(type);
    const open = isLast ? this.#open.take(id) : this.#open.get(id);
    if (open === undefined || open.isCancelled) return;
    open.heardAt = this.#parts.now();
    open.call.receive(frame);
  }
}
