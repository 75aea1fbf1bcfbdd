/** The bound of a `google.protobuf.Struct`, whose values hold values: they are counted together, wherever they are. */
import type { Bound } from "./list-counts.ts";

/** Of one Struct. Its rule bounds its bytes of JSON: in so many there are no more. */
const maxValues = 32_768;

/** Fields of `Struct`, of its map's entries, of `Value` and of `ListValue`. */
const [fields, entryValue, structValue, listValue, values] = [1, 2, 5, 6, 1];

export function structBound(name: string): Bound {
  const inside: Record<number, Bound> = {};
  const value: Bound = { name, max: maxValues, inside };
  const struct: Bound = { name, inside: { [fields]: { name, inside: { [entryValue]: value } } } };
  inside[structValue] = struct;
  inside[listValue] = { name, inside: { [values]: value } };
  return struct;
}
