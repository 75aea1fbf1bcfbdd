/** Python's operators and subscripts. */
import { bounded, boundedList, repeated, repeatedItems } from "./bounds.ts";
import { textOf } from "./text.ts";
import {
  compare,
  Float,
  holds,
  isDict,
  isEqual,
  isList,
  numberOf,
  sequenceOf,
  TemplateFault,
  Tuple,
  typeOf,
} from "./values.ts";
import type { Value } from "./values.ts";

export function operate(operator: string, a: Value, b: Value): Value {
  switch (operator) {
    case "==":
      return isEqual(a, b);
    case "!=":
      return !isEqual(a, b);
    case "in":
      return holds(b, a);
    case "not in":
      return !holds(b, a);
    case "~":
      return bounded(textOf(a) + textOf(b));
    case "+":
      return add(a, b);
    case "*":
      return multiply(a, b);
    case "%":
      return typeof a === "string" ? formatted(a, b) : calculate(operator, a, b);
    default:
      return orders[operator]?.(compare(a, b)) ?? calculate(operator, a, b);
  }
}

const orders: Readonly<Record<string, (order: number) => boolean>> = {
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

function add(a: Value, b: Value): Value {
  if (typeof a === "string" && typeof b === "string") return bounded(a + b);
  if (isList(a) && isList(b)) return boundedList([...a, ...b]);
  if (a instanceof Tuple && b instanceof Tuple) {
    return new Tuple(boundedList([...a.items, ...b.items]));
  }
  return calculate("+", a, b);
}

function multiply(a: Value, b: Value): Value {
  const [whole, times] = typeof b === "number" ? [a, b] : [b, a];
  const items = sequenceOf(whole);
  if ((typeof whole !== "string" && items === undefined) || typeof times !== "number") {
    return calculate("*", a, b);
  }
  const count = Math.max(0, times);
  if (typeof whole === "string") return repeated(whole, count);
  const all = repeatedItems(items ?? [], count);
  return whole instanceof Tuple ? new Tuple(all) : all;
}

function calculate(operator: string, a: Value, b: Value): Value {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x === undefined || y === undefined) {
    throw new TemplateFault(
      `unsupported operand types for ${operator}: '${typeOf(a)}' and '${typeOf(b)}'`,
    );
  }
  if (y === 0 && ["/", "//", "%"].includes(operator)) throw new TemplateFault("division by zero");
  const result = calculated(operator, x, y);
  const isFloat = a instanceof Float || b instanceof Float || operator === "/";
  return isFloat || (operator === "**" && y < 0) ? new Float(result) : result;
}

function calculated(operator: string, x: number, y: number): number {
  switch (operator) {
    case "+":
      return x + y;
    case "-":
      return x - y;
    case "*":
      return x * y;
    case "/":
      return x / y;
    case "//":
      return Math.floor(x / y);
    case "%":
      return x - y * Math.floor(x / y);
    case "**":
      return x ** y;
    default:
      throw new TemplateFault(`there is no operator ${operator}`);
  }
}

/** `"%s: %d" % values`, as far as templates use it. */
export function formatted(pattern: string, values: Value): string {
  const all = values instanceof Tuple ? values.items : [values];
  let next = 0;
  return pattern.replace(
    /%(?:(%)|(?:\.(\d+))?([a-z])|)/g,
    (...[, percent, digits, kind]: string[]) => {
      if (percent !== undefined) return "%";
      if (kind === undefined) throw new TemplateFault("this format after % is not known here");
      const value = all[next];
      next += 1;
      if (kind === "s") return textOf(value);
      const number = numberOf(value);
      if (number === undefined) throw new TemplateFault(`%${kind} takes a number`);
      if (kind === "d" || kind === "i") return String(Math.trunc(number));
      if (kind === "f") return number.toFixed(Number(digits ?? 6));
      throw new TemplateFault(`the format %${kind} is not known here`);
    },
  );
}

/** `whole[index]`. Undefined if there is none. */
export function itemOf(whole: Value, index: Value): Value {
  if (isDict(whole)) return whole.get(index);
  const at = typeof index === "boolean" ? Number(index) : index;
  if (typeof at !== "number") return undefined;
  if (typeof whole === "string") {
    return hasPairs(whole) ? Array.from(whole).at(at) : (whole.at(at) ?? undefined);
  }
  return sequenceOf(whole)?.at(at);
}

interface Bounds {
  readonly start: Value;
  readonly stop: Value;
  readonly step: Value;
}

/** `whole[start:stop:step]`. */
export function sliceOf(whole: Value, { start, stop, step }: Bounds): Value {
  const bound = (value: Value) => {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "number") throw new TemplateFault("slice indices must be integers");
    return value;
  };
  const by = bound(step) ?? 1;
  if (typeof whole === "string") {
    if (by === 1 && !hasPairs(whole)) return whole.slice(bound(start) ?? 0, bound(stop));
    return pick(Array.from(whole), bound(start), bound(stop), by).join("");
  }
  const items = sequenceOf(whole);
  if (items === undefined) throw new TemplateFault(`'${typeOf(whole)}' cannot be sliced`);
  const picked = pick(items, bound(start), bound(stop), by);
  return whole instanceof Tuple ? new Tuple(picked) : picked;
}

function pick<T>(
  items: readonly T[],
  ...[start, stop, by]: [number | undefined, number | undefined, number]
): readonly T[] {
  if (by === 1) return items.slice(start ?? 0, stop);
  if (by === 0) throw new TemplateFault("slice step cannot be zero");
  const { length } = items;
  const [low, high] = by > 0 ? [0, length] : [-1, length - 1];
  const clamp = (at: number) => Math.min(high, Math.max(low, at < 0 ? at + length : at));
  const from = start === undefined ? (by > 0 ? low : high) : clamp(start);
  const to = stop === undefined ? (by > 0 ? high : low) : clamp(stop);
  const picked: T[] = [];
  for (let at = from; by > 0 ? at < to : at > to; at += by) picked.push(...items.slice(at, at + 1));
  return picked;
}

const hasPairs = (text: string): boolean => /[\ud800-\udbff]/.test(text);
