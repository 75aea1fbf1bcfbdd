/**
 * ONNX Runtime sessions by thread count. A session's threads are fixed when it is made, while the
 * worker's share of the cores changes as other models become busy; so there may be two sessions, and
 * the second is made when the share first changes (about 0.3 s and the weights once more in memory).
 */
import { InferenceSession } from "onnxruntime-node";

const maxSessions = 2;

interface Sized {
  readonly threads: number;
  readonly session: InferenceSession;
}

/** Owns the sessions of one model file. */
export class Sessions {
  readonly #path: string;
  /** In order of use, the latest last. */
  #sessions: readonly Sized[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** A session that uses at most `threads`. */
  async get(threads: number): Promise<InferenceSession> {
    const count = sessionThreads(
      this.#sessions.map((each) => each.threads),
      threads,
    );
    const latest = this.#sessions.find((each) => each.threads === count) ?? {
      threads: count,
      session: await openSession(this.#path, count),
    };
    const inUse = [...this.#sessions.filter((each) => each !== latest), latest];
    this.#sessions = inUse.slice(-maxSessions);
    for (const { session } of inUse.slice(0, -maxSessions)) await session.release();
    return latest.session;
  }

  async close(): Promise<void> {
    const sessions = this.#sessions;
    this.#sessions = [];
    await Promise.all(sessions.map(({ session }) => session.release()));
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
    extra: {
      session: {
        // Threads wait busily while a run's next operator is near (one text is a fifth faster for it), and
        // not once the run has ended: they would take the cores of other models.
        intra_op: { allow_spinning: "1", spin_duration_us: "100" },
        force_spinning_stop: "1",
        inter_op: { allow_spinning: "0" },
      },
    },
  });
}
