/**
 * Counts list items in a request's bytes, before they are read. An item costs its sender a byte or two
 * and the server up to a hundred: a message within its limit would take hundreds of megabytes and
 * seconds of the only thread before a rule could refuse it.
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type FieldReason, ServeError } from "../../base/errors.ts";

/** What a message may hold, by its fields' numbers: how often each may come, and what it holds. */
export interface Bounds {
  readonly [field: number]: Bound;
}

export interface Bound {
  /** The field's path in the proto. */
  readonly name: string;
  readonly max?: number;
  /** May hold itself, at any depth: `maxDepth` bounds that. */
  readonly inside?: Bounds;
  /** The items are varints. Each may come alone, and any number of them in one piece. */
  readonly varints?: true;
}

/** Messages within messages: no rule of a request asks for more. */
const maxDepth = 100;

/** A whole request's: a message that comes twice is merged into one. */
type Counts = Map<Bound, number>;

/** Throws FIELD_INVALID where a list is too long. What is no protobuf at all is left to its reader. */
export function checkCounts(bytes: Uint8Array, bounds: Bounds): void {
  count(new BinaryReader(bytes), { end: bytes.length, depth: 0 }, bounds, new Map());
}

/** A message: where its bytes end, and in how many others it is. */
interface Place {
  readonly end: number;
  readonly depth: number;
}

function count(reader: BinaryReader, place: Place, bounds: Bounds, counts: Counts): void {
  const { end, depth } = place;
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    const bound = bounds[number];
    const isAlone = bound?.varints === true && wireType === WireType.Varint;
    if (bound === undefined || (wireType !== WireType.LengthDelimited && !isAlone)) {
      reader.skip(wireType, number);
      continue;
    }
    // One that comes alone is like a piece in which only one begins.
    const length = isAlone ? 1 : reader.uint32();
    const pieceEnd = reader.pos + length;
    if (bound.varints) {
      countVarints(reader, pieceEnd, bound, counts);
      continue;
    }
    add(counts, bound);
    if (bound.inside === undefined) reader.pos = pieceEnd;
    else {
      if (depth >= maxDepth) throw tooDeep(bound.name);
      count(reader, { end: Math.min(end, pieceEnd), depth: depth + 1 }, bound.inside, counts);
    }
  }
}

/** Reads as the generated code does, also past a piece that ends within a varint: so both find as many. */
function countVarints(reader: BinaryReader, end: number, bound: Bound, counts: Counts): void {
  while (reader.pos < end) {
    reader.uint32();
    add(counts, bound);
  }
}

function add(counts: Counts, bound: Bound): void {
  const { name, max = Infinity } = bound;
  const seen = (counts.get(bound) ?? 0) + 1;
  if (seen > max) throw tooMany(name, max);
  counts.set(bound, seen);
}

function tooMany(field: string, max: number): ServeError {
  return refusal(field, "TOO_MANY", `must have at most ${max} items`);
}

function tooDeep(field: string): ServeError {
  return refusal(field, "TOO_LONG", `must have fewer than ${maxDepth} levels of nesting`);
}

function refusal(field: string, reason: FieldReason, description: string): ServeError {
  return new ServeError("FIELD_INVALID", `${field} ${description}`, {
    facts: { violations: "1" },
    violations: [{ field, reason, description }],
  });
}
