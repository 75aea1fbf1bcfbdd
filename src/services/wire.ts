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
    readonly inside?: Bounds;
  };
}

/** Throws FIELD_INVALID where a list is too long. What is no protobuf at all is left to its reader. */
export function checkCounts(bytes: Uint8Array, bounds: Bounds): void {
  count(new BinaryReader(bytes), bytes.length, bounds, new Map());
}

/** `counts` are a whole request's: a message that comes twice is merged into one. */
function count(
  reader: BinaryReader,
  end: number,
  bounds: Bounds,
  counts: Map<Bounds[number], number>,
): void {
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    const bound = bounds[number];
    if (bound === undefined || wireType !== WireType.LengthDelimited) {
      reader.skip(wireType, number);
      continue;
    }
    const length = reader.uint32();
    const seen = (counts.get(bound) ?? 0) + 1;
    counts.set(bound, seen);
    if (seen > (bound.max ?? Infinity)) throw tooMany(bound.name, bound.max ?? 0);
    if (bound.inside === undefined) reader.pos += length;
    else count(reader, Math.min(end, reader.pos + length), bound.inside, counts);
  }
}

function tooMany(field: string, max: number): ServeError {
  const description = `must have at most ${max} items`;
  return new ServeError("FIELD_INVALID", `${field} ${description}`, {
    facts: { violations: "1" },
    violations: [{ field, description }],
  });
}
