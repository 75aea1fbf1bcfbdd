/**
 * Counts list items in a request's bytes, before they are read. An item costs its sender two bytes and
 * the server a hundred: a message within its limit would take hundreds of megabytes and seconds of the
 * only thread before a rule could refuse it.
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { ServeError } from "../base/errors.ts";

/** What a message may hold, by its fields' numbers: how often each may come, and what it holds. */
export interface Bounds {
  readonly [field: number]: {
    readonly name: string;
    readonly max?: number;
    /** It is a list of numbers: many in one item, or one by one, as its sender likes. */
    readonly isPacked?: boolean;
    readonly inside?: Bounds;
  };
}

/** Throws FIELD_INVALID where a list is too long. What is no protobuf at all is left to its reader. */
export function checkCounts(bytes: Uint8Array, bounds: Bounds): void {
  const reader = new BinaryReader(bytes);
  /** Of the whole request: a message that comes twice is merged into one. */
  const counts = new Map<Bounds[number], number>();
  const note = (bound: Bounds[number], items: number): void => {
    const seen = (counts.get(bound) ?? 0) + items;
    counts.set(bound, seen);
    if (seen > (bound.max ?? Infinity)) throw tooMany(bound.name, bound.max ?? 0);
  };
  const count = (within: Bounds, end: number): void => {
    while (reader.pos < end) {
      const [number, wireType] = reader.tag();
      const bound = within[number];
      if (bound === undefined || wireType !== WireType.LengthDelimited) {
        if (bound?.isPacked === true) note(bound, 1);
        reader.skip(wireType, number);
        continue;
      }
      const length = reader.uint32();
      const { pos } = reader;
      note(bound, bound.isPacked === true ? varints(bytes.subarray(pos, pos + length)) : 1);
      if (bound.inside === undefined) reader.pos += length;
      else count(bound.inside, Math.min(end, pos + length));
    }
  };
  count(bounds, bytes.length);
}

/** How many numbers there are: the last byte of each has no continuation bit. */
function varints(bytes: Uint8Array): number {
  let ends = 0;
  for (const byte of bytes) if (byte < 0x80) ends += 1;
  return ends;
}

function tooMany(field: string, max: number): ServeError {
  const description = `must have at most ${max} items`;
  return new ServeError("FIELD_INVALID", `${field} ${description}`, {
    facts: { violations: "1" },
    violations: [{ field, description }],
  });
}
