/** How much memory a server's processes hold while chaos comes over it. */
import { children, memory, title } from "../../bench/lib/process.ts";
import { transient, models } from "./schedule.ts";

/** The most that processes of a kind held in each half of the run, in MiB: what is theirs, no mapped files. */
interface Peaks {
  first: number;
  second: number;
}

const askEveryMs = 1000;
/** Who still grows when half of the time is over has not filled its caches, but leaks. */
const mayGrowTo = 1.25;
const slackMiB = 32;

export class MemoryWatch {
  readonly #peaks = new Map<string, Peaks>();
  readonly #halfMs: number;
  #nextMs = 0;

  constructor(lastsMs: number) {
    this.#halfMs = lastsMs / 2;
  }

  /** Looks at the server and its workers, if it has not for a while. `atMs`: since the run began. */
  look(server: number, atMs: number): void {
    if (atMs < this.#nextMs) return;
    this.#nextMs = atMs + askEveryMs;
    const half = atMs < this.#halfMs ? "first" : "second";
    this.#note("front", half, server);
    for (const pid of children(server)) this.#note(kindOf(pid), half, pid);
  }

  /** Kinds of processes, and their peaks in each half. */
  get peaks(): readonly (readonly [string, Peaks])[] {
    return [...this.#peaks];
  }

  get problems(): readonly string[] {
    return this.peaks.flatMap(([kind, { first, second }]) =>
      second <= first * mayGrowTo + slackMiB
        ? []
        : [`${kind} held ${first} MiB at most in the first half, and ${second} in the second`],
    );
  }

  #note(kind: string | undefined, half: keyof Peaks, pid: number): void {
    const held = anonymousMiB(pid);
    if (kind === undefined || held === undefined) return;
    const peaks = this.#peaks.get(kind) ?? { first: 0, second: 0 };
    peaks[half] = Math.max(peaks[half], held);
    this.#peaks.set(kind, peaks);
  }
}

/** Whose worker it is; undefined for one that has just ended, or does not say yet. */
function kindOf(pid: number): string | undefined {
  try {
    const text = title(pid);
    return [...models, transient].find((model) => text.includes(model));
  } catch {
    return undefined;
  }
}

function anonymousMiB(pid: number): number | undefined {
  try {
    return memory(pid).anonymousMiB;
  } catch {
    // It has ended.
    return undefined;
  }
}
