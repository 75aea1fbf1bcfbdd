/**
 * Values of a template: Python's, since templates are written for Python. Text, `true`, `null` and lists are
 * JavaScript's; a number is an integer, as is a bigint, and `undefined` is jinja2's Undefined.
 */

/** A Python float; plain numbers are integers. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export class Tuple {
  readonly items: readonly Value[];

  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

/** Result of `namespace()`: attributes can be set. */
export class Namespace {
  readonly attributes = new Map<string, Value>();
}

export interface Arguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

export class Callable {
  readonly call: (args: Arguments) => Value;

  constructor(call: (args: Arguments) => Value) {
    this.call = call;
  }
}

export type Dict = ReadonlyMap<Value, Value>;
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Float
  | Tuple
  | Namespace
  | Callable
  | readonly Value[]
  | Dict;

/** The template fails, as it would in Python. */
export class TemplateFault extends Error {
  override readonly name: string = "TemplateFault";
}

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value);
export const isDict = (value: Value): value is Dict => value instanceof Map;

/** Python's name of a value's type. */
export function typeOf(value: Value): string {
  if (value === undefined) return "Undefined";
  if (value === null) return "NoneType";
  if (typeof value === "string") return "str";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number" || typeof value === "bigint") return "int";
  if (value instanceof Float) return "float";
  if (value instanceof Tuple) return "tuple";
  if (isList(value)) return "list";
  return isDict(value) ? "dict" : "object";
}

export function isTrue(value: Value): boolean {
  if (value instanceof Float) return value.value !== 0;
  if (value instanceof Tuple) return value.items.length > 0;
  if (isList(value)) return value.length > 0;
  if (isDict(value)) return value.size > 0;
  return Boolean(value);
}

/** The number of a value in arithmetic: a boolean is 0 or 1. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean" || typeof value === "bigint") return Number(value);
  return value instanceof Float ? value.value : undefined;
}

/** Budget of values that one step may visit: lists that contain each other twice grow too fast. */
export interface Budget {
  left: number;
}

export const newBudget = (): Budget => ({ left: 2 ** 20 });

export function spend(budget: Budget): void {
  budget.left -= 1;
  if (budget.left < 0) throw new TemplateFault("it looks at values without bound");
}

export function isEqual(a: Value, b: Value, budget = newBudget()): boolean {
  spend(budget);
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return x === y;
  if (a instanceof Tuple && b instanceof Tuple) return areEqual(a.items, b.items, budget);
  if (isList(a) && isList(b)) return areEqual(a, b, budget);
  if (!isDict(a) || !isDict(b)) return a === b;
  if (a.size !== b.size) return false;
  return [...a].every(([key, one]) => b.has(key) && isEqual(one, b.get(key), budget));
}

function areEqual(a: readonly Value[], b: readonly Value[], budget: Budget): boolean {
  if (a.length !== b.length) return false;
  return a === b || a.every((one, index) => isEqual(one, b[index], budget));
}

/** Below zero, zero, or above, as `a` comes before, with or after `b`. */
export function compare(a: Value, b: Value): number {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return x - y;
  if (typeof a === "string" && typeof b === "string") return a === b ? 0 : a < b ? -1 : 1;
  const [one, other] = [sequenceOf(a), sequenceOf(b)];
  if (one !== undefined && other !== undefined && typeOf(a) === typeOf(b)) {
    return compareItems(one, other);
  }
  throw new TemplateFault(`'<' not supported between '${typeOf(a)}' and '${typeOf(b)}'`);
}

function compareItems(a: readonly Value[], b: readonly Value[]): number {
  for (const [index, item] of a.entries()) {
    if (index >= b.length) return 1;
    const order = compare(item, b[index]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** The items of a list or a tuple. */
export function sequenceOf(value: Value): readonly Value[] | undefined {
  if (value instanceof Tuple) return value.items;
  return isList(value) ? value : undefined;
}

/** What a loop over a value visits. Undefined yields nothing, as in jinja2. */
export function itemsOf(value: Value): readonly Value[] {
  if (value === undefined) return [];
  if (typeof value === "string") return Array.from(value);
  if (isDict(value)) return [...value.keys()];
  const items = sequenceOf(value);
  if (items === undefined) throw new TemplateFault(`'${typeOf(value)}' object is not iterable`);
  return items;
}

/** Python's `len`: characters, not UTF-16 code units. */
export function lengthOf(value: Value): number {
  if (typeof value === "string") return codePoints(value);
  if (value === undefined) return 0;
  if (isDict(value)) return value.size;
  const items = sequenceOf(value);
  if (items === undefined) {
    throw new TemplateFault(`object of type '${typeOf(value)}' has no len()`);
  }
  return items.length;
}

function codePoints(text: string): number {
  let halves = 0;
  for (let at = 0; at < text.length; at += 1) {
    if ((text.charCodeAt(at) & 0xfc00) === 0xdc00) halves += 1;
  }
  return text.length - halves;
}

/** Whether a value contains another, as Python's `in`. */
export function holds(whole: Value, part: Value): boolean {
  if (typeof whole === "string") {
    if (typeof part === "string") return whole.includes(part);
    throw new TemplateFault(`'in <string>' requires string as left operand, not ${typeOf(part)}`);
  }
  if (isDict(whole)) return whole.has(part);
  return itemsOf(whole).some((item) => isEqual(item, part));
}
