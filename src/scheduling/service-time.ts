/** Service times of jobs, as measured. Pure: an estimate is a value, and a measurement returns a new one. */

/** Jobs and their tokens in total. */
export interface Amount {
  readonly jobs: number;
  readonly tokens: number;
}

/** Recent mean of jobs; zeros before the first measurement. */
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
 * Time for these jobs one after the other, by their number or by their tokens, whichever is shorter. Zero before the
 * first measurement.
 */
export function timeFor({ meanMs, meanTokens }: ServiceTime, { jobs, tokens }: Amount): number {
  return meanMs * Math.min(jobs, meanTokens === 0 ? jobs : tokens / meanTokens);
}
