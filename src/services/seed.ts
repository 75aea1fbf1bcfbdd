/** The largest 32-bit number: llama.cpp draws a random seed where it is given that one. */
const drawsAnother = 0xffff_ffffn;

/**
 * A caller's seed in the 32 bits that engines take. From 0 to 4,294,967,294 it is itself. Others are mixed (the last
 * steps of SplitMix64, Steele and others 2014), so that seeds which differ in their upper half differ here too.
 */
export function foldSeed(seed: bigint): number {
  if (seed >= 0n && seed < drawsAnother) return Number(seed);
  let bits = BigInt.asUintN(64, seed);
  bits = BigInt.asUintN(64, (bits ^ (bits >> 30n)) * 0xbf58476d1ce4e5b9n);
  bits = BigInt.asUintN(64, (bits ^ (bits >> 27n)) * 0x94d049bb133111ebn);
  return Number((bits ^ (bits >> 31n)) % drawsAnother);
}
