/** Finds a program that hangs: it owes something, and has given nothing for too long. */
import { idleClock, type Clock } from "../../base/clock.ts";
import type { OpenCall } from "./calls.ts";

/** What is to be done about a program. */
export type Verdict =
  | { readonly kind: "wait" }
  /** See whether it still answers. */
  | { readonly kind: "ask" }
  | { readonly kind: "hung"; readonly open: OpenCall };

export interface Watched {
  readonly open: readonly OpenCall[];
  readonly now: number;
  readonly maxStepMs: number;
}

/** A call hangs that could give something, or was cancelled, and of which nothing was heard for so long. Pure. */
export function judge({ open, now, maxStepMs }: Watched): Verdict {
  const owing = open.filter(({ call, isCancelled }) => isCancelled || call.isDue);
  const [oldest] = owing.toSorted((one, other) => one.heardAt - other.heardAt);
  if (oldest === undefined) return { kind: "wait" };
  const silentMs = now - oldest.heardAt;
  if (silentMs >= maxStepMs) return { kind: "hung", open: oldest };
  return { kind: silentMs >= maxStepMs / 2 ? "ask" : "wait" };
}

export interface WatchOptions {
  readonly maxStepMs: number;
  readonly open: () => readonly OpenCall[];
  readonly ping: () => void;
  /** Called once. */
  readonly hung: (open: OpenCall, answersPing: boolean) => void;
  readonly clock?: Clock;
}

/** Looks so often in the time that a step may take. */
const looks = 20;

/**
 * Looks now and then. Its time passes look by look, so that a program is not to blame where the worker itself was
 * stopped for a while.
 */
export class HangWatch {
  readonly #options: WatchOptions;
  readonly #clock: Clock;
  #looks = 0;
  /** A ping is out, or was answered. */
  #ping: "none" | "asked" | "answered" = "none";
  #callOff: () => void = () => undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#clock = options.clock ?? idleClock;
    this.#wait();
  }

  /** Milliseconds of looking; what `heardAt` of a call is in. */
  get now(): number {
    return this.#looks * this.#lookMs;
  }

  ponged(): void {
    if (this.#ping === "asked") this.#ping = "answered";
  }

  stop(): void {
    this.#callOff();
  }

  get #lookMs(): number {
    return this.#options.maxStepMs / looks;
  }

  #wait(): void {
    this.#callOff = this.#clock.after(this.#lookMs, () => {
      this.#looks += 1;
      if (this.#look()) this.#wait();
    });
  }

  /** Whether to look again. */
  #look(): boolean {
    const { open, maxStepMs, ping, hung } = this.#options;
    const verdict = judge({ open: open(), now: this.now, maxStepMs });
    switch (verdict.kind) {
      case "wait":
        this.#ping = "none";
        return true;
      case "ask":
        if (this.#ping === "none") {
          this.#ping = "asked";
          ping();
        }
        return true;
      case "hung":
        hung(verdict.open, this.#ping === "answered");
        return false;
    }
  }
}
