/** What inferd counts, read from outside as Prometheus reads it. */
import { type Samples, samplesOf } from "../../test/fixtures/prometheus.ts";

export async function scrape(port: number): Promise<Samples> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  return samplesOf(await response.text());
}

/** A metric over all its labels; zero where it has no sample yet. */
export async function total(port: number, name: string): Promise<number> {
  const samples = await scrape(port);
  return samples.of(name).reduce((sum, { value }) => sum + value, 0);
}
