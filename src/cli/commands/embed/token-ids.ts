import { UsageError } from "../../failure.ts";

/** Reads `101 7592 102`, with commas or as a JSON list too. `index`: which of the texts it is. */
export function tokenIdsIn(text: string, index: number): number[] {
  const inner = /^\s*\[(?<ids>.*)\]\s*$/s.exec(text)?.groups?.["ids"] ?? text;
  const ids = /^[\d\s,]+$/.test(inner) ? (inner.match(/\d+/g) ?? []).map(Number) : [];
  if (ids.length > 0 && ids.every((id) => id <= 0xffff_ffff)) return ids;
  throw new UsageError(`text ${index}: must be token ids, such as 101 7592 102`);
}
