import type { Priority } from "../base/priority.ts";
import type { Ahead } from "./order.ts";
import { learn, unknownServiceTime } from "./service-time.ts";
import { leastMs, type Measured } from "./wait-estimate.ts";
import type { Ticket } from "./ticket.ts";
import { nextRetryAt } from "./retry-after.ts";

/** Measurements of one job. */
export interface Sample {
  /** How long it held its slot. */
  readonly heldMs: number;
  /** From its start to its first output. Undefined if there was none. */
  readonly firstOutputMs: number | undefined;
}

/**
 * Assumed duration of a job until one has ended. With a lower value, the first rejected callers would be rejected again
 * and again.
 */
const unknownHeldMs = 1000;

const nothing: Measured = { service: unknownServiceTime, prefill: unknownServiceTime };

/** Measurements and promises of a queue, per priority, and what it expects from them. */
export class Estimates {
  readonly #slotsNow: () => number;
  readonly #measured: Record<Priority, Measured> = { interactive: nothing, batch: nothing };
  /** The turns that were promised last. */
  readonly #promisedAtMs: Record<Priority, number> = { interactive: 0, batch: 0 };
  #lastSlots = 1;

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

  /** Mean time that a job holds its slot, of the slower priority. A second before the first measurement. */
  get heldMs(): number {
    const { interactive, batch } = this.#measured;
    return Math.max(interactive.service.meanMs, batch.service.meanMs) || unknownHeldMs;
  }

  /** Minimum time until a job ends that has this much work ahead of it. */
  leastMs(ahead: Ahead, ticket: Ticket): number {
    const { priority } = ticket;
    const slots = this.#slots;
    return leastMs({ ahead, work: ticket, priority, slots, measured: this.#measured });
  }

  /**
   * How long a rejected caller should wait, given the number of waiting jobs. Each rejected caller gets a turn: an
   * interactive one after the interactive jobs, a batch one after all.
   */
  retryAfterMs(
    waiting: Readonly<Record<Priority, number>>,
    priority: Priority,
    nowMs: number,
  ): number {
    const slotMs = this.#slotMs(priority);
    const passingMs = priority === "batch" ? waiting.interactive * this.#slotMs("interactive") : 0;
    const drainMs = slotMs * (waiting[priority] + 1) + passingMs;
    const promisedAtMs = this.#promisedAtMs[priority];
    const turn = nextRetryAt({ nowMs, drainMs, slotMs, promisedAtMs });
    this.#promisedAtMs[priority] = turn;
    return turn - nowMs;
  }

  /** Interval between free slots if jobs of this priority run. */
  #slotMs(priority: Priority): number {
    return (this.#measured[priority].service.meanMs || this.heldMs) / this.#slots;
  }

  /** Current slots; while no worker is ready, the previous number, which will be available again. */
  get #slots(): number {
    const slots = this.#slotsNow();
    if (slots > 0) this.#lastSlots = slots;
    return this.#lastSlots;
  }
}
