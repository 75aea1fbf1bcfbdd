import { type Amount, learn, type Pace, unknownPace } from "./pace.ts";
import { leastMs } from "./prediction.ts";
import { nextTurn } from "./turns.ts";
import type { Work } from "./work.ts";

/** What one job took. */
export interface Sample {
  /** How long it held its place. */
  readonly heldMs: number;
  /** From its start to its first output; undefined where there was none. */
  readonly firstOutputMs: number | undefined;
}

/** What a queue has measured and promised, and what it expects from that. */
export class Forecast {
  readonly #slotsNow: () => number;
  #service: Pace = unknownPace;
  #prefill: Pace = unknownPace;
  #promisedAtMs = 0;
  #slots = 1;

  constructor(slots: () => number) {
    this.#slotsNow = slots;
  }

  learn({ promptTokens, tokens }: Work, { heldMs, firstOutputMs }: Sample): void {
    this.#service = learn(this.#service, tokens, heldMs);
    if (firstOutputMs !== undefined)
      this.#prefill = learn(this.#prefill, promptTokens, firstOutputMs);
  }

  /** How long a job holds its place, on average; zero before the first was measured. */
  get heldMs(): number {
    return this.#service.meanMs;
  }

  /** The least that passes until a job ends that so much is ahead of. */
  leastMs(ahead: Amount, work: Work): number {
    const slots = this.#places;
    return leastMs({ ahead, work, slots, service: this.#service, prefill: this.#prefill });
  }

  /** How long whoever is refused now should stay away, so many waiting. Each refused caller gets a turn. */
  turnMs(waiting: number, nowMs: number): number {
    const placeMs = this.#service.meanMs / this.#places;
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
