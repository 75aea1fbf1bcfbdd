import type { ServeError } from "../base/errors.ts";
import {
  type Admission,
  admit,
  type Bound,
  type Bounds,
  exceeded,
  type Waiter,
} from "./admission.ts";

/** A job that waits in some queue of the server. */
export interface Guest extends Waiter {
  /** Ends its wait: it gives way to another caller's job. */
  giveWay(refusal: Refusal): void;
  fail(error: ServeError): void;
}

/** What a refusal tells: which bound, and whose. */
export interface Refusal {
  readonly bound: Bound;
  readonly scope: "model" | "server";
}

/** All jobs that wait in a server, whatever their model: the one place that its bound is kept. */
export class WaitingRoom {
  readonly #bounds: Bounds;
  readonly #guests = new Set<Guest>();
  #tokens = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  enter(guest: Guest): void {
    this.#guests.add(guest);
    this.#tokens += guest.tokens;
  }

  leave(guest: Guest): void {
    if (this.#guests.delete(guest)) this.#tokens -= guest.tokens;
  }

  /** Decides for a newcomer, as if those given had left. */
  admit(newcomer: Guest, leaving: readonly Guest[]): Admission<Guest> {
    const left = leaving.reduce((sum, { tokens }) => sum + tokens, 0);
    const jobs = this.#guests.size + 1 - leaving.length;
    const tokens = this.#tokens + newcomer.tokens - left;
    if (exceeded({ jobs, tokens }, this.#bounds) === undefined) return accepted;
    const staying = [...this.#guests].filter((guest) => !leaving.includes(guest));
    return admit(staying, newcomer, this.#bounds);
  }
}

const accepted: Admission<Guest> = { kind: "accept", givingWay: [] };
