/** Jinja's filters, as far as chat templates use them. */
import { argument, numberArgument, textArgument } from "./arguments.ts";
import { joinedTexts, repeated } from "./bounds.ts";
import { formatted, itemOf } from "./operators.ts";
import { both, capitalize, replaceIn, strip } from "./strings.ts";
import { testOf } from "./tests.ts";
import { escaped, jsonOf, textOf } from "./text.ts";
import {
  compare,
  Float,
  isDict,
  isEqual,
  isTrue,
  itemsOf,
  lengthOf,
  newBudget,
  numberOf,
  TemplateFault,
  Tuple,
  typeOf,
} from "./values.ts";
import type { Arguments, Value } from "./values.ts";

type FilterFunction = (value: Value, args: Arguments) => Value;

/** `attribute="a.b.0"`: the key by which items are sorted, joined or mapped. */
function attributeOf(item: Value, path: Value): Value {
  if (typeof path === "number") return itemOf(item, path);
  return textOf(path)
    .split(".")
    .reduce<Value>((value, name) => itemOf(value, /^\d+$/.test(name) ? Number(name) : name), item);
}

/** Strings are compared case-insensitively unless a filter is told otherwise. */
function sortKey(args: Arguments, attribute: Value): (item: Value) => Value {
  const isExact = isTrue(args.named.get("case_sensitive"));
  return (item) => {
    const value =
      attribute === undefined || attribute === null ? item : attributeOf(item, attribute);
    return !isExact && typeof value === "string" ? value.toLowerCase() : value;
  };
}

function sorted(value: Value, args: Arguments): readonly Value[] {
  const key = sortKey(args, argument(args, 2, "attribute"));
  const sign = isTrue(argument(args, 0, "reverse")) ? -1 : 1;
  return itemsOf(value).toSorted((a, b) => sign * compare(key(a), key(b)));
}

function sortedPairs(value: Value, args: Arguments): readonly Value[] {
  if (!isDict(value)) throw new TemplateFault("dictsort takes a dict");
  const place = argument(args, 1, "by") === "value" ? 1 : 0;
  const key = sortKey(args, undefined);
  const sign = isTrue(argument(args, 2, "reverse")) ? -1 : 1;
  const pairs = [...value].map((pair) => new Tuple(pair));
  return pairs.sort((a, b) => sign * compare(key(a.items[place]), key(b.items[place])));
}

/** `min` and `max`. */
function best(value: Value, args: Arguments, sign: 1 | -1): Value {
  const key = sortKey(args, argument(args, 1, "attribute"));
  const [first, ...rest] = itemsOf(value);
  return rest.reduce((a, b) => (sign * compare(key(b), key(a)) > 0 ? b : a), first);
}

/** None yields nothing: `select`, `reject` and `map` check first whether there is a value. */
const itemsIfAny = (value: Value): readonly Value[] => (isTrue(value) ? itemsOf(value) : []);

function chosen(
  value: Value,
  args: Arguments,
  { keep, byAttribute }: { readonly keep: boolean; readonly byAttribute: boolean },
): readonly Value[] {
  const [attribute, ...rest] = byAttribute ? args.positional : [undefined, ...args.positional];
  const [name, other] = rest;
  const test = name === undefined ? isTrue : testOf(textOf(name));
  return itemsIfAny(value).filter((item) => {
    return test(byAttribute ? attributeOf(item, attribute) : item, other) === keep;
  });
}

function mapped(value: Value, args: Arguments): readonly Value[] {
  const attribute = args.named.get("attribute");
  const [name, ...positional] = args.positional;
  if (attribute === undefined) {
    const filter = filterOf(textOf(name));
    return itemsIfAny(value).map((item) => filter(item, { positional, named: args.named }));
  }
  const otherwise = args.named.get("default");
  return itemsIfAny(value).map((item) => attributeOf(item, attribute) ?? otherwise);
}

function joined(value: Value, args: Arguments): string {
  const attribute = argument(args, 1, "attribute");
  const texts = itemsOf(value).map((item) => {
    return textOf(attribute === undefined ? item : attributeOf(item, attribute));
  });
  return joinedTexts(texts, textOf(argument(args, 0, "d")));
}

function json(value: Value, args: Arguments): string {
  const indent = argument(args, 1, "indent");
  const separators = argument(args, 2, "separators");
  const [item, key] = separators === undefined || separators === null ? [] : itemsOf(separators);
  const margin = typeof indent === "number" ? repeated(" ", indent) : indent;
  return jsonOf(value, {
    ensureAscii: isTrue(argument(args, 0, "ensure_ascii")),
    indent: typeof margin === "string" ? margin : undefined,
    separators: [
      typeof item === "string" ? item : typeof margin === "string" ? "," : ", ",
      typeof key === "string" ? key : ": ",
    ],
    sortKeys: isTrue(argument(args, 3, "sort_keys")),
    budget: newBudget(),
  });
}

function indented(value: Value, args: Arguments): string {
  const width = argument(args, 0, "width") ?? 4;
  const margin = typeof width === "number" ? repeated(" ", width) : textOf(width);
  const hasFirst = isTrue(argument(args, 1, "first"));
  const hasBlank = isTrue(argument(args, 2, "blank"));
  const lines = textOf(value).split("\n");
  const margined = lines.map((line, at) => {
    return (at === 0 ? hasFirst : hasBlank || line !== "") ? margin + line : line;
  });
  return joinedTexts(margined, "\n");
}

function integer(value: Value, args: Arguments): Value {
  const number = numberOf(value);
  if (number !== undefined) return Math.trunc(number);
  const text = textOf(value).trim();
  if (/^[-+]?\d+(\.\d*)?$/.test(text)) return Math.trunc(Number(text));
  return argument(args, 0, "default") ?? 0;
}

function floating(value: Value, args: Arguments): Value {
  const number =
    numberOf(value) ?? (typeof value === "string" && value.trim() !== "" ? Number(value) : NaN);
  return Number.isNaN(number) ? (argument(args, 0, "default") ?? new Float(0)) : new Float(number);
}

function rounded(value: Value, args: Arguments): Value {
  const number = numberOf(value);
  if (number === undefined) throw new TemplateFault(`'${typeOf(value)}' cannot be rounded`);
  const power = 10 ** (numberArgument(args, 0, "precision") ?? 0);
  const method = textArgument(args, 1, "method") ?? "common";
  const round = method === "ceil" ? Math.ceil : method === "floor" ? Math.floor : toEven;
  return new Float(round(number * power) / power);
}

function toEven(value: number): number {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

function unique(value: Value): readonly Value[] {
  const texts = new Set<string>();
  const others: Value[] = [];
  return itemsOf(value).filter((item) => {
    if (typeof item === "string") {
      const { size } = texts;
      return texts.add(item.toLowerCase()).size > size;
    }
    if (others.some((known) => isEqual(known, item))) return false;
    others.push(item);
    return true;
  });
}

function titled(value: Value): string {
  const words = textOf(value).split(/([-\s({[<]+)/);
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()).join("");
}

function defaulted(value: Value, args: Arguments): Value {
  const isUnset = value === undefined || (isTrue(argument(args, 1, "boolean")) && !isTrue(value));
  return isUnset ? (argument(args, 0, "default_value") ?? "") : value;
}

function reversed(value: Value): Value {
  if (typeof value === "string") return Array.from(value).reverse().join("");
  return itemsOf(value).toReversed();
}

const filters: Readonly<Record<string, FilterFunction>> = {
  abs: (value) => {
    return value instanceof Float
      ? new Float(Math.abs(value.value))
      : Math.abs(numberOf(value) ?? 0);
  },
  capitalize: (value) => capitalize(textOf(value)),
  count: lengthOf,
  d: defaulted,
  default: defaulted,
  dictsort: sortedPairs,
  e: escaped,
  escape: escaped,
  first: (value) => itemsOf(value)[0],
  float: floating,
  format: (value, { positional }) => formatted(textOf(value), new Tuple(positional)),
  indent: indented,
  int: integer,
  items: (value) => {
    if (value === undefined) return [];
    if (!isDict(value)) throw new TemplateFault("Can only get item pairs from a mapping.");
    return [...value].map((pair) => new Tuple(pair));
  },
  join: joined,
  last: (value) => itemsOf(value).at(-1),
  length: lengthOf,
  list: itemsOf,
  lower: (value) => textOf(value).toLowerCase(),
  map: mapped,
  max: (value, args) => best(value, args, 1),
  min: (value, args) => best(value, args, -1),
  reject: (value, args) => chosen(value, args, { keep: false, byAttribute: false }),
  rejectattr: (value, args) => chosen(value, args, { keep: false, byAttribute: true }),
  replace: (value, args) => replaceIn(textOf(value), args),
  reverse: reversed,
  round: rounded,
  safe: textOf,
  select: (value, args) => chosen(value, args, { keep: true, byAttribute: false }),
  selectattr: (value, args) => chosen(value, args, { keep: true, byAttribute: true }),
  sort: sorted,
  string: textOf,
  sum: (value) => {
    const all = itemsOf(value);
    const sum = all.reduce<number>((rest, item) => rest + (numberOf(item) ?? 0), 0);
    return all.some((item) => item instanceof Float) ? new Float(sum) : sum;
  },
  title: titled,
  tojson: json,
  trim: (value, args) => strip(textOf(value), textArgument(args, 0, "chars"), both),
  unique,
  upper: (value) => textOf(value).toUpperCase(),
  wordcount: (value) => textOf(value).match(/\w+/gu)?.length ?? 0,
};

export function filterOf(name: string): FilterFunction {
  const filter = Object.hasOwn(filters, name) ? filters[name] : undefined;
  if (filter === undefined) throw new TemplateFault(`No filter named '${name}'`);
  return filter;
}
