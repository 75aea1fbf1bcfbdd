import type { Item, ItemsJob, Job, JobEvent } from "../engines/engine.ts";
import { encodeItem } from "./items.ts";
import type { EncodedItem, WorkerEvent } from "./messages.ts";
import { plainEvent, plainItem } from "./plain-event.ts";

export interface JobOutput {
  readonly id: number;
  readonly event: WorkerEvent;
}

/** Owns what a driver has for the server and has not sent: items of one job that follow each other travel as one event. */
export class Outbox {
  #outputs: JobOutput[] = [];
  #group: { readonly id: number; readonly items: EncodedItem[] } | undefined;

  /** Takes an event that was checked: an item is of an items job. */
  add({ id, job }: { readonly id: number; readonly job: Job }, event: JobEvent): void {
    if (event.kind === "item") {
      if (job.kind === "items") this.#addItem(id, event, job);
      return;
    }
    this.#group = undefined;
    this.#outputs.push({ id, event: plainEvent(event) });
  }

  /** Gives all, and forgets them. */
  take(): readonly JobOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    this.#group = undefined;
    return outputs;
  }

  #addItem(id: number, item: Item, job: ItemsJob): void {
    const encoded = encodeItem(plainItem(item), job);
    if (this.#group?.id !== id) {
      this.#group = { id, items: [] };
      this.#outputs.push({ id, event: { kind: "items", items: this.#group.items } });
    }
    this.#group.items.push(encoded);
  }
}
