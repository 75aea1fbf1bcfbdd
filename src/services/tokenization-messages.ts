/** What tokens stand for, as proto messages. */
import type { TokenPiece } from "../../gen/inferd/v1/tokenization_service.ts";
import type { TokenPieces } from "../engines/engine.ts";

/** Empty where there are none. */
export function tokenPieces(pieces: TokenPieces | undefined): TokenPiece[] {
  if (pieces === undefined) return [];
  const { bytes, ends, special, places } = pieces;
  return Array.from(ends, (end, index) => ({
    token: Buffer.from(bytes.subarray(index === 0 ? 0 : ends[index - 1], end)),
    special: special[index] === 1,
    start: places?.[2 * index],
    end: places?.[2 * index + 1],
  }));
}
