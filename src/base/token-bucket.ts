/**
 * A token bucket: holds at most its limit, and fills evenly within a period. Pure functions, with the
 * time passed in; whoever counts more than one thing at a time takes from all of them or from none.
 */
export interface TokenBucket {
  /** Below zero where more was used than was there. */
  readonly level: number;
  readonly atMs: number;
}

/** How much a bucket holds, and how long it takes to fill. An undefined limit lets everything pass. */
export interface Size {
  readonly limit: number | undefined;
  readonly periodMs: number;
}

/** The bucket as it stands now; one that was never used is full. Undefined where there is no limit. */
export function fill(
  bucket: TokenBucket | undefined,
  { limit, periodMs }: Size,
  nowMs: number,
): TokenBucket | undefined {
  if (limit === undefined) return undefined;
  if (bucket === undefined) return { level: limit, atMs: nowMs };
  // A clock that went back empties no bucket, and fills none twice when it comes to the same time again.
  const atMs = Math.max(bucket.atMs, nowMs);
  const passedMs = atMs - bucket.atMs;
  return { level: Math.min(limit, bucket.level + (passedMs * limit) / periodMs), atMs };
}

/**
 * How long until so much can be taken. More than the limit can be taken from a full bucket: it could
 * never be otherwise, and the bucket then fills for longer.
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

/** Takes an amount, or gives back a negative one. */
export function take(bucket: TokenBucket | undefined, amount: number): TokenBucket | undefined {
  return bucket && { ...bucket, level: bucket.level - amount };
}
