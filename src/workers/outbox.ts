import type { JobEvent, VectorItem } from "../engines/engine.ts";
import type { EncodedVector, VectorShape, WorkerEvent } from "./messages.ts";
import { checkedError } from "./engine-checks.ts";
import { encodeVector } from "./vectors.ts";

export interface JobOutput {
  readonly id: number;
  readonly event: WorkerEvent;
}

/** Owns what a driver has for the server and has not sent: vectors of one job that follow each other travel as one event. */
export class Outbox {
  #outputs: JobOutput[] = [];
  #group: { readonly id: number; readonly vectors: EncodedVector[] } | undefined;

  add(id: number, event: Exclude<JobEvent, { readonly kind: "vector" }>): void {
    this.#group = undefined;
    const isFailure = event.kind === "failed";
    const sound = isFailure ? { ...event, error: checkedError(event.error) } : event;
    this.#outputs.push({ id, event: sound });
  }

  addVector(id: number, vector: VectorItem, shape: VectorShape): void {
    const encoded = encodeVector(vector, shape);
    if (this.#group?.id !== id) {
      this.#group = { id, vectors: [] };
      this.#outputs.push({ id, event: { kind: "vectors", vectors: this.#group.vectors } });
    }
    this.#group.vectors.push(encoded);
  }

  /** Gives all, and forgets them. */
  take(): readonly JobOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    this.#group = undefined;
    return outputs;
  }
}
