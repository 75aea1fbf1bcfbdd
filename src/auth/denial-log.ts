/**
 * The audit's lines of refusals. The first few of a host, a reason and a caller have one each; the others are
 * counted, and told in one line when ten seconds are over: a stranger must not choose how full the disk gets.
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

export interface Refusal {
  readonly reason: string;
  readonly code: string;
  readonly method: string;
  readonly host: string;
  readonly requestId?: string | undefined;
  /** Undefined where nobody was proved. */
  readonly caller?: string | undefined;
  /** For the operator, of what nobody foresaw. */
  readonly error?: unknown;
}

export const windowMs = 10_000;
/** Lines of their own, in each window. */
export const firstLines = 5;
/** Hosts, reasons and callers that are told apart in a window; those beyond are summed by reason alone. */
export const mostApart = 32;

interface Summed {
  /** What all of them have in common. */
  readonly common: Pick<Refusal, "code" | "reason" | "host" | "caller">;
  lines: number;
  /** Those without a line. */
  count: number;
}

export class DenialLog {
  readonly #parts: { readonly log: Log; readonly clock: Pick<Clock, "after"> };
  readonly #summed = new Map<string, Summed>();
  #stop: (() => void) | undefined;

  constructor(parts: { readonly log: Log; readonly clock: Pick<Clock, "after"> }) {
    this.#parts = parts;
  }

  tell(refusal: Refusal): void {
    const { log, clock } = this.#parts;
    this.#stop ??= clock.after(windowMs, () => this.flush());
    const summed = this.#summedWith(refusal);
    if (summed.lines < firstLines) {
      summed.lines += 1;
      log.warn({ audit: true, ...refusal }, "refused");
    } else summed.count += 1;
  }

  /** Tells now what would be told later: a process that ends tells nothing more. */
  flush(): void {
    this.#stop?.();
    this.#stop = undefined;
    for (const { common, count } of this.#summed.values()) {
      if (count > 0) this.#parts.log.warn({ audit: true, ...common, count }, "refused as well");
    }
    this.#summed.clear();
  }

  #summedWith({ reason, code, host, caller }: Refusal): Summed {
    const apart = { code, reason, ...(caller === undefined ? {} : { caller }), host };
    const key = JSON.stringify(apart);
    const found = this.#summed.get(key);
    if (found !== undefined) return found;
    if (this.#summed.size < mostApart)
      return this.#begin(key, { common: apart, lines: 0, count: 0 });
    const rest = { code, reason, host: "others" };
    return (
      this.#summed.get(reason) ?? this.#begin(reason, { common: rest, lines: firstLines, count: 0 })
    );
  }

  #begin(key: string, summed: Summed): Summed {
    this.#summed.set(key, summed);
    return summed;
  }
}
