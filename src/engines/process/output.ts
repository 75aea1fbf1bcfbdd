import { systemClock } from "../../base/clock.ts";
import type { JobEvent, StepEvent } from "../jobs.ts";

/** Owns what jobs were given and no step has taken, and the step that waits for it. */
export class Output {
  #events: StepEvent[] = [];
  #taken = 0;
  #wake: (() => void) | undefined;

  get isEmpty(): boolean {
    return this.#events.length === 0;
  }

  /** How many sequences and texts the events were of that were taken last. */
  get computed(): number {
    return this.#taken;
  }

  give(id: number, event: JobEvent): void {
    this.#events.push({ id, event });
  }

  /** Forgets what a job was given. */
  drop(id: number): void {
    this.#events = this.#events.filter((given) => given.id !== id);
  }

  /** Ends the wait of a step. */
  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** All that was given; where there is nothing, waits until there may be, for so long at most. */
  async take(longestMs: number): Promise<readonly StepEvent[]> {
    if (this.isEmpty) await this.#wait(longestMs);
    const events = this.#events;
    this.#events = [];
    this.#taken = countOf(events);
    return events;
  }

  #wait(longestMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (longestMs === Infinity) {
        this.#wake = resolve;
        return;
      }
      const callOff = systemClock.after(longestMs, () => this.wake());
      this.#wake = () => {
        callOff();
        resolve();
      };
    });
  }
}

/** Sequences and texts: a sequence counts once, however many pieces it was given. */
function countOf(events: readonly StepEvent[]): number {
  const sequences = new Set<number>();
  let items = 0;
  for (const { id, event } of events) {
    if (event.kind === "piece") sequences.add(id);
    else if (event.kind === "item") items += 1;
  }
  return sequences.size + items;
}
