/** How a set of measurements is spread. Units are those of the values. */
export interface Spread {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** The smallest value that at least `share` of the values do not exceed (nearest rank); NaN of none. */
export function percentile(sorted: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? NaN;
}

/** Undefined where nothing was measured: a made-up zero would read as a good result. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  return {
    count: sorted.length,
    mean: rounded(sorted.reduce((sum, value) => sum + value, 0) / sorted.length),
    p50: rounded(percentile(sorted, 0.5)),
    p95: rounded(percentile(sorted, 0.95)),
    p99: rounded(percentile(sorted, 0.99)),
    max: rounded(percentile(sorted, 1)),
  };
}

/** The middle value, or the mean of the middle two. Throws where nothing was measured. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new Error("nothing was measured");
  return (lower + upper) / 2;
}

/** What was measured, and where along the other axis. */
export type Point = readonly [x: number, y: number];

/** The slope of the line that is nearest to the points by least squares; NaN of fewer than two places. */
export function slope(points: readonly Point[]): number {
  const mean = (axis: 0 | 1): number =>
    points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const together = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const apart = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return together / apart;
}

/** Keeps what a reader can use: four significant digits below a thousand, whole numbers above. */
export function rounded(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4));
}
