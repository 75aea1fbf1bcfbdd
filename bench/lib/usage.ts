/** CPU time that a benchmark's processes use, in cores: 1 is one core all the time. */
import type { ServerProcess } from "./server.ts";
import { cpuMs } from "./process.ts";

export interface Usage {
  /** The process that speaks gRPC. */
  readonly front: number;
  /** Those with engines. */
  readonly workers: number;
  /** This process, which puts the load on. */
  readonly client: number;
}

/** Begins to count; the result says what was used since. */
export function usageOf({ front, workers }: ServerProcess): () => Usage {
  const pids = workers().map(({ pid }) => pid);
  const read = (): Usage & { readonly atMs: number } => ({
    front: cpuMs(front),
    workers: pids.reduce((sum, pid) => sum + cpuMs(pid), 0),
    client: cpuMs(process.pid),
    atMs: performance.now(),
  });
  const before = read();
  return () => {
    const after = read();
    const cores = (kind: keyof Usage): number =>
      Math.round(((after[kind] - before[kind]) / (after.atMs - before.atMs)) * 100) / 100;
    return { front: cores("front"), workers: cores("workers"), client: cores("client") };
  };
}
