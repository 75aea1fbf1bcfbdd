/** What inferd counts, read from outside as Prometheus reads it. */
import { type Samples, samplesOf } from "../../test/fixtures/prometheus.ts";

export async function scrape(port: number): Promise<Samples> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  return samplesOf(await response.text());
}

/** A metric over all its labels; zero where it has no sample yet. */
export function sumOf(samples: Samples, name: string): number {
  return samples.of(name).reduce((sum, { value }) => sum + value, 0);
}

export async function total(port: number, name: string): Promise<number> {
  return sumOf(await scrape(port), name);
}

export interface Sampler {
  /** Ends the readings and gives them. */
  stop(): readonly Samples[];
}

/** Reads a metrics port at once, and then each time so long after the last answer. */
export function sampleMetrics(port: number, everyMs: number): Sampler {
  const readings: Samples[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const read = async (): Promise<void> => {
    readings.push(await scrape(port));
    if (!isStopped) timer = setTimeout(again, everyMs);
  };
  // A reading that fails is one fewer: the server may have stopped.
  const again = (): void => void read().catch(() => undefined);
  again();
  return {
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      return readings;
    },
  };
}
