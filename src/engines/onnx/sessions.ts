/**
 * ONNX Runtime sessions by thread count. A session's threads are fixed when it is made, while the
 * worker's share of the cores changes as other models become busy; so there may be two sessions, and
 * the second is made when the share first changes (about 0.3 s and the weights once more in memory).
 */
import { InferenceSession } from "onnxruntime-node";

const maxSessions = 2;

/** Owns the sessions of one model file. */
export class Sessions {
  readonly #path: string;
  /** In order of use, the latest last. */
  readonly #sessions = new Map<number, InferenceSession>();

  constructor(path: string) {
    this.#path = path;
  }

  /** A session that uses at most `threads`. */
  async get(threads: number): Promise<InferenceSession> {
    const count = sessionThreads([...this.#sessions.keys()], threads);
    const session = this.#sessions.get(count) ?? (await openSession(this.#path, count));
    this.#sessions.delete(count);
    this.#sessions.set(count, session);
    for (const [old, idle] of [...this.#sessions].slice(0, -maxSessions)) {
      this.#sessions.delete(old);
      await idle.release();
    }
    return session;
  }

  async close(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.all(sessions.map((session) => session.release()));
  }
}

/**
 * Which session serves a share of the cores: the largest there is that stays within the share, where it
 * uses more than half of it; else a new one of just that size.
 */
export function sessionThreads(existing: readonly number[], threads: number): number {
  const within = existing.filter((count) => count <= threads && count > threads / 2);
  return Math.max(...within, 0) || threads;
}

async function openSession(path: string, threads: number): Promise<InferenceSession> {
  return InferenceSession.create(path, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    // Errors only: warnings are about exporters' habits.
    logSeverityLevel: 3,
    // Lengths differ from batch to batch, so a remembered memory plan would not fit the next one.
    enableMemPattern: false,
    // Threads that wait busily would take the cores of other models.
    extra: { session: { intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" } } },
  });
}
