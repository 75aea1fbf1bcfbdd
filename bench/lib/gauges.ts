/** What a server says of itself while a load runs: its Prometheus metrics, read again and again. */

/** One reading of what is counted for a model, the values of other labels added up. */
export type Reading = ReadonlyMap<string, number>;

export interface Sampler {
  /** Ends the readings and gives them. */
  stop(): readonly Reading[];
}

/** Reads a metrics port at once, and then each time so long after the last answer. */
export function sampleMetrics(
  port: number,
  { model, everyMs }: { readonly model: string; readonly everyMs: number },
): Sampler {
  const readings: Reading[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const read = async (): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    readings.push(readingOf(await response.text(), model));
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

function readingOf(text: string, model: string): Reading {
  const reading = new Map<string, number>();
  for (const line of text.split("\n")) {
    const match = /^(\w+)\{(.*)\} (\S+)$/.exec(line);
    if (match === null) continue;
    const [, name = "", labels = "", value = ""] = match;
    if (!labels.includes(`model="${model}"`)) continue;
    reading.set(name, (reading.get(name) ?? 0) + Number(value));
  }
  return reading;
}
