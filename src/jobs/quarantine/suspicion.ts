/**
 * Who is to blame when a worker dies with several jobs. Pure.
 *
 * At a first death nobody can tell, so every job that the worker held comes under suspicion. A suspect is
 * tried again, but no two suspects of a model at once: so at the next death exactly one of them was on trial,
 * and that one is guilty. The others that ran beside it come under suspicion as before.
 *
 * A trial is over, and the next may begin, once the suspect has given more than it had when the worker died.
 * Suspicion ends when the job finishes, or after a while.
 */

export interface Suspicion {
  /** The most pieces or vectors that it had given when a worker died with it. */
  readonly given: number;
  readonly isBlocked: boolean;
  /** When it is forgotten. */
  readonly until: number;
}

/** How long a suspect, and one found guilty, is remembered. */
const suspectMs = 600_000;
const blockedMs = 3_600_000;

export interface Death {
  /** Pieces or vectors that the job had given. */
  readonly given: number;
  /** Whether it was the suspect on trial. */
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

/** Whether a suspect on trial has got further than where a worker died with it. */
export function isPast(suspicion: Suspicion, given: number): boolean {
  return given > suspicion.given;
}
