import type { PrefixCounts } from "../base/meter.ts";

interface Growth {
  /** Undefined where there is nothing to tell. */
  readonly more: PrefixCounts | undefined;
  /** What has been told of this worker in all. */
  readonly counted: PrefixCounts;
}

/**
 * How much a worker's totals have grown since it was last told of, so that sums over workers and their restarts never
 * fall. A total that falls, which it must not, has not grown until it passes what it was. The first word of a worker is
 * always told, so that what it counts is there before it is more than zero.
 */
export function grownBy(before: PrefixCounts | undefined, now: PrefixCounts): Growth {
  const { saved, restored, evicted } = before ?? nothing;
  const more = {
    saved: Math.max(0, now.saved - saved),
    restored: Math.max(0, now.restored - restored),
    evicted: Math.max(0, now.evicted - evicted),
  };
  const counted = {
    saved: saved + more.saved,
    restored: restored + more.restored,
    evicted: evicted + more.evicted,
  };
  const isSame = more.saved + more.restored + more.evicted === 0;
  return { more: isSame && before !== undefined ? undefined : more, counted };
}

const nothing: PrefixCounts = { saved: 0, restored: 0, evicted: 0 };
