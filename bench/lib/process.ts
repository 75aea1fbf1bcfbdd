/** What the kernel says about processes. Linux only: it is where figures for these pages are taken. */
import { readdirSync, readFileSync } from "node:fs";

/** The kernel's unit of CPU time; 100 a second on every Linux that Node.js runs on. */
const tickMs = 10;

/** CPU time that a process has used so far, its threads included. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name, in brackets, may hold spaces; the fields after it are counted from the third.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

/** Memory of a process. Files that several processes map are whole in `resident`, shared out in `proportional`. */
export interface Memory {
  readonly residentMiB: number;
  readonly proportionalMiB: number;
  /** Not backed by a file: what the process would take with it. */
  readonly anonymousMiB: number;
}

export function memory(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const read = (name: string): number => {
    const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
    if (kib === undefined) throw new Error(`the kernel gives no ${name}`);
    return Math.round((Number(kib) / 1024) * 10) / 10;
  };
  return {
    residentMiB: read("Rss"),
    proportionalMiB: read("Pss"),
    anonymousMiB: read("Anonymous"),
  };
}

export function children(pid: number): readonly number[] {
  return threadsOf(pid).flatMap((thread) =>
    childrenOfThread(`/proc/${pid}/task/${thread}/children`)
      .split(" ")
      .filter((text) => text !== "")
      .map(Number),
  );
}

/** Its children, theirs, and so on: a worker may have started its model's program. */
export function descendants(pid: number): readonly number[] {
  return children(pid).flatMap((child) => [child, ...descendants(child)]);
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // It has ended since it was listed.
    return [];
  }
}

function childrenOfThread(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // It has ended since it was listed.
    return "";
  }
}

/** How a process shows in `ps`; workers name their model there. */
export function title(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
}
