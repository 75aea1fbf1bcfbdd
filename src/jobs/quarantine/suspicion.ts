/**
 * Which job is the cause when a worker dies with several. Pure.
 *
 * A first death does not tell, so every job that the worker held becomes a suspect. A suspect may run again, on
 * probation, but no two suspects of a model at once: so at the next death at most one of them was on probation, and that
 * one is blocked. The others that ran at the same time become suspects as before.
 *
 * Probation is over, and the next may begin, once the suspect has given more than it had when the worker died.
 * Suspicion ends when the job finishes, or after a while.
 */

export interface Suspicion {
  /** The most pieces or vectors that it had given when a worker died with it. */
  readonly given: number;
  readonly isBlocked: boolean;
  /** When it is forgotten. */
  readonly until: number;
}

/** How long a suspect, and a blocked job, is remembered. */
const suspectMs = 600_000;
const blockedMs = 3_600_000;

export interface Death {
  /** Pieces or vectors that the job had given. */
  readonly given: number;
  /** Whether it was the suspect on probation. */
  readonly isOnProbation: boolean;
  readonly now: number;
}

/** What is thought of a job after a worker has died with it. */
export function afterDeath(known: Suspicion | undefined, death: Death): Suspicion {
  const isBlocked = known?.isBlocked === true || death.isOnProbation;
  return {
    given: Math.max(known?.given ?? 0, death.given),
    isBlocked,
    until: death.now + (isBlocked ? blockedMs : suspectMs),
  };
}

/** Whether a suspect on probation has got further than where a worker died with it. */
export function isPast(suspicion: Suspicion, given: number): boolean {
  return given > suspicion.given;
}
