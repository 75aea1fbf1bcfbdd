/** A vocabulary in the order of its bytes: tokens that begin alike are neighbours, and what they share is read once. */
import type { TokenBytes } from "./token-bytes.ts";

/** Shared between threads. */
export interface SortedTokens {
  readonly order: Int32Array<SharedArrayBuffer>;
  /** For each place: how many bytes its token has in common with the token before. */
  readonly common: Uint16Array<SharedArrayBuffer>;
}

const longestCommon = 0xffff;

/** Where each token's bytes begin. */
export function startsOf(lengths: Uint32Array): Uint32Array {
  const starts = new Uint32Array(lengths.length);
  for (let token = 1; token < lengths.length; token += 1) {
    starts[token] = (starts[token - 1] ?? 0) + (lengths[token - 1] ?? 0);
  }
  return starts;
}

/** About a second for a large vocabulary. */
export function sortTokens({ lengths, bytes }: TokenBytes): SortedTokens {
  const starts = startsOf(lengths);
  const lengthOf = (token: number): number => lengths[token] ?? 0;
  const commonOf = (a: number, b: number): number => {
    const most = Math.min(lengthOf(a), lengthOf(b));
    const [first, second] = [starts[a] ?? 0, starts[b] ?? 0];
    let count = 0;
    while (count < most && bytes[first + count] === bytes[second + count]) count += 1;
    return count;
  };
  const compare = (a: number, b: number): number => {
    const at = commonOf(a, b);
    if (at === lengthOf(a) || at === lengthOf(b)) return lengthOf(a) - lengthOf(b);
    return (bytes[(starts[a] ?? 0) + at] ?? 0) - (bytes[(starts[b] ?? 0) + at] ?? 0);
  };
  const order = new Int32Array(new SharedArrayBuffer(lengths.length * 4));
  for (let place = 0; place < order.length; place += 1) order[place] = place;
  order.sort(compare);
  const common = new Uint16Array(new SharedArrayBuffer(lengths.length * 2));
  for (let place = 1; place < order.length; place += 1) {
    const found = commonOf(order[place - 1] ?? 0, order[place] ?? 0);
    common[place] = Math.min(found, longestCommon);
  }
  return { order, common };
}
