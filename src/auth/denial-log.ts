/**
 * Audit lines of rejections. The first few of a host, a reason and a caller have one line each. Others are counted, and
 * summed up in one line after ten seconds: an attacker must not choose how full the disk gets.
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

export interface Denial {
  readonly reason: string;
  readonly code: string;
  readonly method: string;
  readonly host: string;
  readonly requestId?: string | undefined;
  /** Undefined if no caller was proved. */
  readonly caller?: string | undefined;
  /** Unexpected error, for the operator. */
  readonly error?: unknown;
}

export const windowMs = 10_000;
/** Separate lines per window. */
export const firstLines = 5;
/** Combinations of host, reason and caller that a window tells apart. Further ones are summed by reason alone. */
export const mostApart = 32;

interface Summed {
  /** The fields that all of them share. */
  readonly common: Pick<Denial, "code" | "reason" | "host" | "caller">;
  lines: number;
  /** Rejections without a line. */
  count: number;
}

export class DenialLog {
  readonly #parts: { readonly log: Log; readonly clock: Pick<Clock, "after"> };
  readonly #summed = new Map<string, Summed>();
  #stop: (() => void) | undefined;

  constructor(parts: { readonly log: Log; readonly clock: Pick<Clock, "after"> }) {
    this.#parts = parts;
  }

  tell(denial: Denial): void {
    const { log, clock } = this.#parts;
    this.#stop ??= clock.after(windowMs, () => this.flush());
    const summed = this.#summedWith(denial);
    if (summed.lines < firstLines) {
      summed.lines += 1;
      log.warn({ audit: true, ...denial }, "refused");
    } else summed.count += 1;
  }

  /** Writes now what would be written later, because the process ends. */
  flush(): void {
    this.#stop?.();
    this.#stop = undefined;
    for (const { common, count } of this.#summed.values()) {
      if (count > 0) this.#parts.log.warn({ audit: true, ...common, count }, "refused as well");
    }
    this.#summed.clear();
  }

  #summedWith({ reason, code, host, caller }: Denial): Summed {
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
