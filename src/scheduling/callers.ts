import { FairTurns, Fifo } from "./fair-turns.ts";
import type { Ticket } from "./ticket.ts";

type Job = Pick<Ticket, "caller" | "user" | "tokens">;

/**
 * Jobs of many callers that wait for one thing: callers take turns, and within each caller's turns its users do. One
 * user's jobs keep their order.
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
