/** One load, from request to summary, with what it cost the client. */
import { rounded } from "../lib/statistics.ts";
import { realClock } from "./clock.ts";
import { drive, type DriveOptions } from "./drive.ts";
import { summarize, type Summary } from "./summary.ts";
import type { StreamTarget } from "./target.ts";

export interface Measurement extends Summary {
  readonly client: {
    /** Of one core. A client near 100 measures itself. */
    readonly cpuPercent: number;
    readonly cpuMsPerCall: number;
  };
}

export async function measure(
  target: StreamTarget,
  options: Omit<DriveOptions, "clock">,
): Promise<Measurement> {
  const before = process.cpuUsage();
  const startMs = performance.now();
  const summary = summarize(await drive(target, { ...options, clock: realClock }));
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1000;
  return {
    ...summary,
    client: {
      cpuPercent: rounded((cpuMs / (performance.now() - startMs)) * 100),
      cpuMsPerCall: rounded(cpuMs / Math.max(1, summary.calls)),
    },
  };
}

/** A figure in which calls failed is none. */
export function assertNoErrors({ errors }: Measurement): void {
  if (Object.keys(errors).length > 0) throw new Error(`calls failed: ${JSON.stringify(errors)}`);
}

/** Prompts that were answered from a cache measure the cache. A token in common with another prompt is chance. */
export function assertRead(summary: Pick<Summary, "cachedPromptTokens" | "completed">): void {
  if (summary.cachedPromptTokens > summary.completed) {
    throw new Error("a cache answered for the model");
  }
}
