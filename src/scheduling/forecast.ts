import type { Priority } from "../base/priority.ts";
import { type Amount, learn, type Pace, unknownPace } from "./pace.ts";
import { leastMs } from "./prediction.ts";
import type { Ticket } from "./ticket.ts";
import { nextTurn } from "./turns.ts";

/** What one job took. */
export interface Sample {
  /** How long it held its place. */
  readonly heldMs: number;
  /** From its start to its first output; undefined where there was none. */
  readonly firstOutputMs: number | undefined;
}

/** What was measured of the jobs of one priority. */
interface Measured {
  /** How long they held their places, by all of their tokens. */
  readonly service: Pace;
  /** From their starts to their first outputs, by the tokens of their prompts. */
  readonly prefill: Pace;
}

const nothing: Measured = { service: unknownPace, prefill: unknownPace };

/**
 * What a queue has measured and promised, and what it expects from that: of each priority apart, since batch
 * jobs take long where others run, and that says nothing of the others.
 */
export class Forecast {
  readonly #slotsNow: () => number;
  readonly #measured: Record<Priority, Measured> = { interactive: nothing, batch: nothing };
  #promisedAtMs = 0;
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

  /** How long a job holds its place, on average, of the slower priority; zero before the first was measured. */
  get heldMs(): number {
    const { interactive, batch } = this.#measured;
    return Math.max(interactive.service.meanMs, batch.service.meanMs);
  }

  /** The least that passes until a job ends that so much is ahead of. */
  leastMs(ahead: Amount, ticket: Ticket): number {
    return leastMs({
      ahead,
      work: ticket,
      slots: this.#places,
      ...this.#measured[ticket.priority],
    });
  }

  /** How long whoever is refused now should stay away, so many waiting. Each refused caller gets a turn. */
  turnMs(waiting: number, priority: Priority, nowMs: number): number {
    const heldMs = this.#measured[priority].service.meanMs || this.heldMs;
    const placeMs = heldMs / this.#places;
    const drainMs = placeMs * (waiting + 1);
    this.#promisedAtMs = nextTurn({ nowMs, drainMs, placeMs, promisedAtMs: this.#promisedAtMs });
    return this.#promisedAtMs - nowMs;
  }

  /** Places there are; while no worker is ready, those there were: they will be there again. */
  get #places(): number {
    const slots = this.#slotsNow();
    if (slots > 0) this.#slots = slots;
    return this.#slots;
  }
}
