/**
 * ONNX Runtime sessions by thread count. A session's threads are fixed when it is created, while the worker's share of
 * the cores changes as other models become busy. So there can be two sessions. The second is created when the share
 * first changes (about 0.3 s, and the weights once more in memory).
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
 * Which session serves a share of the cores: the largest one within the share, if it uses more than half of it;
 * otherwise a new one of that size.
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
    // Errors only: warnings are about exporters.
    logSeverityLevel: 3,
    // Lengths differ between batches, so a saved memory plan would not fit the next one.
    enableMemPattern: false,
    extra: {
      session: {
        // Threads spin while a run's next operator is near (one text is a fifth faster for it), but not after the run:
        // they would take cores from other models.
        intra_op: { allow_spinning: "1", spin_duration_us: "100" },
        force_spinning_stop: "1",
        inter_op: { allow_spinning: "0" },
      },
    },
  });
}
