/** CPU time that a benchmark's processes use, in cores: 1 is one core all the time. */
import type { ServerProcess } from "./server.ts";
import { cpuMs } from "./process.ts";

export interface Usage {
  /** The process that speaks gRPC. */
  readonly front: number;
  /** Those with engines. */
  readonly workers: number;
  /** Those that put the load on, by name. */
  readonly clients: Readonly<Record<string, number>>;
}

/** Begins to count; the result says what was used since. Clients are processes by name. */
export function usageOf(
  { front, workers }: ServerProcess,
  clients: Readonly<Record<string, number>>,
): () => Usage {
  const startMs = performance.now();
  const counterOf = (...pids: readonly number[]): (() => number) => {
    const usedMs = (): number => pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
    const beforeMs = usedMs();
    return () => Math.round(((usedMs() - beforeMs) / (performance.now() - startMs)) * 100) / 100;
  };
  const ofFront = counterOf(front);
  const ofWorkers = counterOf(...workers().map(({ pid }) => pid));
  const ofClients = Object.entries(clients).map(([name, pid]) => [name, counterOf(pid)] as const);
  return () => ({
    front: ofFront(),
    workers: ofWorkers(),
    clients: Object.fromEntries(ofClients.map(([name, cores]) => [name, cores()])),
  });
}
