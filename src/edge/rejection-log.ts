import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { ConnectionReason, Meter, RefusedCall } from "../base/meter.ts";

/** A reason is told at once, and then once in so long: a flood of refusals must not be one of lines. */
const everyMs = 10_000;

/** Where a call or a connection came from. */
export interface CameFrom {
  readonly host: string | undefined;
  /** Of a call. */
  readonly requestId?: string;
}

interface Told {
  /** Those that no line has told of. */
  count: number;
  /** Of the latest. */
  from: CameFrom;
}

type Why = ConnectionReason | RefusedCall["reason"];

/** Counts each call and connection that the edge rejects, and logs few lines: one a reason and ten seconds. */
export class RejectionLog {
  readonly #parts: { readonly meter: Meter; readonly log: Log; readonly clock: Clock };
  readonly #told = new Map<Why, Told>();

  /** The clock's timers should not keep the process. */
  constructor(parts: { readonly meter: Meter; readonly log: Log; readonly clock: Clock }) {
    this.#parts = parts;
  }

  /** Counts a call, of the host that it came from. */
  call(refused: RefusedCall, from: CameFrom): void {
    this.#parts.meter.callRejected(refused);
    this.#note(refused.reason, from);
  }

  /** Counts a call of which the audit has its line already. */
  auditedCall(refused: RefusedCall): void {
    this.#parts.meter.callRejected(refused);
  }

  /** Counts a connection. */
  connection(reason: ConnectionReason, host: string | undefined): void {
    this.#parts.meter.connectionRejected(reason);
    this.#note(reason, { host });
  }

  /** Tells now what would be told later: a process that ends tells nothing more. */
  flush(): void {
    for (const [reason, told] of this.#told) {
      if (told.count > 0) this.#say(reason, told);
      told.count = 0;
    }
  }

  #note(reason: Why, from: CameFrom): void {
    const told = this.#told.get(reason);
    if (told === undefined) this.#tell(reason, { count: 1, from });
    else {
      told.count += 1;
      told.from = from;
    }
  }

  #say(reason: Why, { count, from: { host, requestId } }: Told): void {
    // The authorizer does not see what TLS refuses: an audit has this line alone.
    const audit = reason === "TLS_REFUSED" ? { audit: true } : {};
    this.#parts.log.warn({ ...audit, reason, count, host, requestId }, "rejected");
  }

  #tell(reason: Why, told: Told): void {
    const { clock } = this.#parts;
    this.#say(reason, told);
    this.#told.set(reason, { count: 0, from: told.from });
    clock.after(everyMs, () => {
      const later = this.#told.get(reason);
      this.#told.delete(reason);
      if (later !== undefined && later.count > 0) this.#tell(reason, later);
    });
  }
}
