import type { Priority } from "../base/priority.ts";
import type { Ahead } from "./order.ts";
import { learn, unknownServiceTime } from "./service-time.ts";
import { leastMs, type Measured } from "./wait-estimate.ts";
import type { Ticket } from "./ticket.ts";
import { nextRetryAt } from "./retry-after.ts";

/** What one job took. */
export interface Sample {
  /** How long it held its place. */
  readonly heldMs: number;
  /** From its start to its first output; undefined where there was none. */
  readonly firstOutputMs: number | undefined;
}

/** What a job is taken to need until one has ended: with less, who is refused first is refused again and again. */
const unknownHeldMs = 1000;

const nothing: Measured = { service: unknownServiceTime, prefill: unknownServiceTime };

/** What a queue has measured and promised, of each priority apart, and what it expects from that. */
export class Estimates {
  readonly #slotsNow: () => number;
  readonly #measured: Record<Priority, Measured> = { interactive: nothing, batch: nothing };
  /** The turns that were promised last. */
  readonly #promisedAtMs: Record<Priority, number> = { interactive: 0, batch: 0 };
  #slots = 1;

  constructor(slots: () => number) {
    this.#slotsNow = slots;
  }

  learn(ticket: Ticket, { heldMs, firstOutputMs }: Sample): void {
    const { priority, promptTokens, tokens } = ticket;
    const { service, prefill } = this.#measured[priority];
    this.#measured[priority] = {
      service: learn(service, tokens, heldMs),
      prefill: firstOutputMs === undefined ? prefill : learn(prefill, promptTokens, firstOutputMs),
    };
  }

  /** How long a job holds its place, on average, of the slower priority; a second before the first was measured. */
  get heldMs(): number {
    const { interactive, batch } = this.#measured;
    return Math.max(interactive.service.meanMs, batch.service.meanMs) || unknownHeldMs;
  }

  /** The least that passes until a job ends that so much is ahead of. */
  leastMs(ahead: Ahead, ticket: Ticket): number {
    const { priority } = ticket;
    const slots = this.#places;
    return leastMs({ ahead, work: ticket, priority, slots, measured: this.#measured });
  }

  /**
   * How long whoever is refused now should stay away, so many waiting. Each refused caller gets a turn: an
   * interactive one after the interactive jobs, a batch one after all.
   */
  retryAfterMs(
    waiting: Readonly<Record<Priority, number>>,
    priority: Priority,
    nowMs: number,
  ): number {
    const placeMs = this.#placeMs(priority);
    const passingMs = priority === "batch" ? waiting.interactive * this.#placeMs("interactive") : 0;
    const drainMs = placeMs * (waiting[priority] + 1) + passingMs;
    const promisedAtMs = this.#promisedAtMs[priority];
    const turn = nextRetryAt({ nowMs, drainMs, placeMs, promisedAtMs });
    this.#promisedAtMs[priority] = turn;
    return turn - nowMs;
  }

  /** How often a place becomes free where jobs of this priority run. */
  #placeMs(priority: Priority): number {
    return (this.#measured[priority].service.meanMs || this.heldMs) / this.#places;
  }

  /** Places there are; while no worker is ready, those there were: they will be there again. */
  get #places(): number {
    const slots = this.#slotsNow();
    if (slots > 0) this.#slots = slots;
    return this.#slots;
  }
}
