/** How long jobs take, as measured. Pure: a pace is a value, and learning gives a new one. */

/** Some jobs and their tokens together. */
export interface Amount {
  readonly jobs: number;
  readonly tokens: number;
}

/** What jobs took of late, on average; zeros before the first was measured. */
export interface ServiceTime {
  readonly meanMs: number;
  readonly meanTokens: number;
}

export const unknownServiceTime: ServiceTime = { meanMs: 0, meanTokens: 0 };

/** The weight of the newest measurement in the mean. */
const newestWeight = 0.1;

export function learn(
  { meanMs, meanTokens }: ServiceTime,
  tokens: number,
  tookMs: number,
): ServiceTime {
  const weight = meanMs === 0 ? 1 : newestWeight;
  return {
    meanMs: meanMs + (tookMs - meanMs) * weight,
    meanTokens: meanTokens + (tokens - meanTokens) * weight,
  };
}

/**
 * How long these jobs take one after the other: by their number or by their tokens, whichever is
 * sooner. Zero where nothing was measured.
 */
export function timeFor({ meanMs, meanTokens }: ServiceTime, { jobs, tokens }: Amount): number {
  return meanMs * Math.min(jobs, meanTokens === 0 ? jobs : tokens / meanTokens);
}
