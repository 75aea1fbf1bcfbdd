import { FairTurns, Fifo } from "./fair-turns.ts";
import type { Ticket } from "./ticket.ts";

type Job = Pick<Ticket, "caller" | "user" | "tokens">;

/**
 * Waiting jobs of many callers: callers are scheduled fairly, and within a caller its users. Jobs of one user keep
 * their order.
 */
export class Callers<T extends Job> extends FairTurns<Job, T> {
  constructor() {
    super(
      ({ caller }) => caller,
      () =>
        new FairTurns<Job, T>(
          ({ user = "" }) => user,
          () => new Fifo<Job, T>(),
        ),
    );
  }
}
