/**
 * A token bucket: holds at most its limit and refills evenly within a period. Pure functions with the time passed in. A
 * caller that counts several things takes from all buckets or from none.
 */
export interface TokenBucket {
  /** Below zero if more was used than was available. */
  readonly level: number;
  readonly atMs: number;
}

/** Capacity of a bucket, and the time to refill it. An undefined limit allows everything. */
export interface Size {
  readonly limit: number | undefined;
  readonly periodMs: number;
}

/** The bucket at this time. An unused bucket is full. Undefined without a limit. */
export function fill(
  bucket: TokenBucket | undefined,
  { limit, periodMs }: Size,
  nowMs: number,
): TokenBucket | undefined {
  if (limit === undefined) return undefined;
  if (bucket === undefined) return { level: limit, atMs: nowMs };
  // A clock that went back neither empties a bucket nor fills it twice.
  const atMs = Math.max(bucket.atMs, nowMs);
  const passedMs = atMs - bucket.atMs;
  return { level: Math.min(limit, bucket.level + (passedMs * limit) / periodMs), atMs };
}

/**
 * Time until this amount can be taken. An amount above the limit can be taken from a full bucket, since it could never
 * be taken otherwise; the bucket then takes longer to refill.
 */
export function waitMs(
  bucket: TokenBucket | undefined,
  { limit, periodMs }: Size,
  amount: number,
): number {
  if (limit === undefined || bucket === undefined) return 0;
  const missing = Math.min(amount, limit) - bucket.level;
  return missing <= 0 ? 0 : Math.ceil((missing * periodMs) / limit);
}

/** Takes an amount, or returns a negative one. */
export function take(bucket: TokenBucket | undefined, amount: number): TokenBucket | undefined {
  return bucket && { ...bucket, level: bucket.level - amount };
}
