/**
 * Keeps a poison request from killing one worker after another. `suspicion.ts` decides which request that is; this
 * remembers it, by fingerprints alone, and lets suspects run one at a time, on probation.
 */
import type { Clock } from "../../base/clock.ts";
import { ServeError } from "../../base/errors.ts";
import type { Job } from "../../engines/engine.ts";
import type { Bounds } from "../../scheduling/admission.ts";
import type { Held } from "../../workers/channel.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { BoundedMutex } from "./mutex.ts";
import { afterDeath, isPast } from "./suspicion.ts";
import type { Suspicion } from "./suspicion.ts";

/** A suspect's permission to run. Leave it however the job ends. */
export interface Probation {
  /** It has given so many pieces or vectors. */
  gave(count: number): void;
  /** It has finished: it is no suspect any more. */
  finished(): void;
  leave(): void;
}

/** What a suspect waits with. */
export interface ProbationOptions {
  /** What the job may cost. */
  readonly tokens: number;
  readonly signal: AbortSignal;
}

export interface QuarantineOptions {
  readonly fingerprint: Fingerprint;
  readonly clock: Pick<Clock, "now">;
  /** The most suspects that may wait; they are in no queue. */
  readonly bounds: Bounds;
  /** How long a job of the model takes, on average. */
  readonly heldMs: () => number;
}

/** Remembered at once; past it, the oldest is forgotten. */
const maxSuspects = 1024;

/** One model's suspects. */
export class Quarantine {
  readonly #options: QuarantineOptions;
  /** In the order of their last death. */
  readonly #suspects = new Map<string, Suspicion>();
  readonly #mutex: BoundedMutex;
  #probation: string | undefined;

  constructor(options: QuarantineOptions) {
    this.#options = options;
    const { bounds, heldMs, clock } = options;
    this.#mutex = new BoundedMutex({ bounds, heldMs, now: clock.now });
  }

  /** A worker has died with these jobs. */
  suspect(held: readonly Held[]): void {
    const now = this.#options.clock.now();
    for (const { job, given } of held) {
      const print = this.#options.fingerprint(job);
      const isOnProbation = print === this.#probation;
      const suspicion = afterDeath(this.#suspects.get(print), { given, isOnProbation, now });
      this.#suspects.delete(print);
      this.#suspects.set(print, suspicion);
    }
    for (const print of [...this.#suspects.keys()].slice(0, -maxSuspects)) {
      this.#suspects.delete(print);
    }
  }

  /** Whether the job must `enter` before it runs. Where no worker has died lately, that costs no hash. */
  suspects(job: Job): boolean {
    return this.#suspects.size > 0 && this.#known(this.#options.fingerprint(job)) !== undefined;
  }

  /**
   * Lets a job run: at once where it is no suspect, else when no other suspect is on probation. Throws
   * REQUEST_QUARANTINED for one that is blocked, QUEUE_FULL where too many suspects wait, and the signal's reason.
   */
  async enter(job: Job, { tokens, signal }: ProbationOptions): Promise<Probation | undefined> {
    const print = this.#options.fingerprint(job);
    if (this.#suspicionOf(print) === undefined) return undefined;
    await this.#mutex.take(tokens, signal);
    try {
      const suspicion = this.#suspicionOf(print);
      if (suspicion !== undefined) return this.#begin(print, suspicion);
    } catch (thrown) {
      this.#mutex.free();
      throw thrown;
    }
    // It is no suspect any more.
    this.#mutex.free();
    return undefined;
  }

  /** Undefined for a job that is no suspect. Throws REQUEST_QUARANTINED for one that is blocked. */
  #suspicionOf(print: string): Suspicion | undefined {
    const suspicion = this.#known(print);
    if (suspicion?.isBlocked === true) throw quarantined();
    return suspicion;
  }

  /** Throws REQUEST_QUARANTINED for a job that is blocked. */
  assertNotBlocked(job: Job): void {
    this.#suspicionOf(this.#options.fingerprint(job));
  }

  #known(print: string): Suspicion | undefined {
    const suspicion = this.#suspects.get(print);
    if (suspicion === undefined || suspicion.until > this.#options.clock.now()) return suspicion;
    this.#suspects.delete(print);
    return undefined;
  }

  #begin(print: string, suspicion: Suspicion): Probation {
    this.#probation = print;
    let isOver = false;
    const leave = (): void => {
      if (isOver) return;
      isOver = true;
      this.#probation = undefined;
      this.#mutex.free();
    };
    return {
      gave: (count) => {
        if (isPast(suspicion, count)) leave();
      },
      finished: () => {
        if (this.#suspects.get(print)?.isBlocked === false) this.#suspects.delete(print);
        leave();
      },
      leave,
    };
  }
}

function quarantined(): ServeError {
  return new ServeError(
    "REQUEST_QUARANTINED",
    "two workers of the model died while they computed this request; it is not tried again",
  );
}
