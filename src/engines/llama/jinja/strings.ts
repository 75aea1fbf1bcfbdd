/** Methods of Python's `str`. */
import { neededText, numberArgument, textArgument } from "./arguments.ts";
import { bounded, joinedTexts, repeated } from "./bounds.ts";
import { quoted, textOf } from "./text.ts";
import { isDict, itemsOf, lengthOf, sequenceOf, TemplateFault, Tuple } from "./values.ts";
import type { Arguments, Value } from "./values.ts";

const space = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Where to strip. */
interface Sides {
  readonly left: boolean;
  readonly right: boolean;
}

/** Removes characters of a set from the ends of a text; by default white space as Python defines it. */
export function strip(text: string, chars: string | undefined, { left, right }: Sides): string {
  const isIn =
    chars === undefined
      ? (char: string) => space.test(char)
      : (char: string) => chars.includes(char);
  let start = 0;
  let end = text.length;
  while (left && start < end && isIn(text.charAt(start))) start += 1;
  while (right && end > start && isIn(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

export const both: Sides = { left: true, right: true };

export function replaceIn(text: string, args: Arguments): string {
  const old = neededText(args, 0, "old");
  const fresh = neededText(args, 1, "new");
  const most = numberArgument(args, 2, "count") ?? -1;
  const pieces = old === "" ? ["", ...Array.from(text), ""] : text.split(old);
  if (most < 0 || most >= pieces.length - 1) return joinedTexts(pieces, fresh);
  const rest = pieces.slice(most).join(old);
  return joinedTexts([...pieces.slice(0, most), rest], fresh);
}

function split(text: string, args: Arguments): readonly string[] {
  const mark = textArgument(args, 0, "sep");
  const most = numberArgument(args, 1, "maxsplit") ?? -1;
  if (mark === "") throw new TemplateFault("empty separator");
  if (mark !== undefined) {
    const pieces = text.split(mark);
    if (most < 0 || pieces.length <= most + 1) return pieces;
    return [...pieces.slice(0, most), pieces.slice(most).join(mark)];
  }
  const words: string[] = [];
  let rest = strip(text, undefined, { left: true, right: most < 0 });
  while (rest !== "" && (most < 0 || words.length < most)) {
    const end = rest.search(space);
    words.push(end === -1 ? rest : rest.slice(0, end));
    rest = end === -1 ? "" : strip(rest.slice(end), undefined, { left: true, right: false });
  }
  return rest === "" ? words : [...words, rest];
}

function splitFromRight(text: string, args: Arguments): readonly string[] {
  const most = numberArgument(args, 1, "maxsplit") ?? -1;
  const mark = textArgument(args, 0, "sep");
  if (mark === undefined || most < 0) return split(text, args);
  const pieces = text.split(mark);
  if (pieces.length <= most + 1) return pieces;
  const cut = pieces.length - most;
  return [pieces.slice(0, cut).join(mark), ...pieces.slice(cut)];
}

function partition(text: string, mark: string, at: number): Tuple {
  if (at === -1) return new Tuple([text, "", ""]);
  return new Tuple([text.slice(0, at), mark, text.slice(at + mark.length)]);
}

function matches(args: Arguments, test: (piece: string) => boolean): boolean {
  const [first] = args.positional;
  const pieces = first instanceof Tuple ? first.items : [neededText(args, 0)];
  return pieces.some((piece) => typeof piece === "string" && test(piece));
}

/** Position of a piece in characters; -1 if it is not there. */
function place(text: string, at: number): number {
  return at === -1 ? -1 : Array.from(text.slice(0, at)).length;
}

export function capitalize(text: string): string {
  const [first = "", ...rest] = Array.from(text.toLowerCase());
  return first.toUpperCase() + rest.join("");
}

function titled(text: string): string {
  return text
    .toLowerCase()
    .replace(
      /(^|\P{L})(\p{L})/gu,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    );
}

/** `str.format`: fields by position or name, without format specifications. */
function format(text: string, { positional, named }: Arguments): string {
  let next = 0;
  return bounded(
    text.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (whole, field: string | undefined) => {
      if (field === undefined) return whole.charAt(0);
      const [, name = "", conversion, specification] =
        /^([^!:]*)(?:!([rs]))?(?::(.*))?$/.exec(field) ?? [];
      if (specification !== undefined && specification !== "") {
        throw new TemplateFault("format specifications are not known here");
      }
      const value = /^\d*$/.test(name)
        ? positional[name === "" ? next++ : Number(name)]
        : named.get(name);
      return conversion === "r" ? quoted(value) : textOf(value);
    }),
  );
}

const isAll = (pattern: RegExp) => (text: string) => text !== "" && pattern.test(text);
const cased = (text: string) => text.toLowerCase() !== text.toUpperCase();

type Method = (text: string, args: Arguments) => Value;

const stringMethods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["capitalize", capitalize],
  ["count", (text, args) => text.split(neededText(args, 0)).length - 1],
  ["endswith", (text, args) => matches(args, (piece) => text.endsWith(piece))],
  ["find", (text, args) => place(text, text.indexOf(neededText(args, 0)))],
  ["format", format],
  ["isalnum", isAll(/^[\p{L}\p{N}]*$/u)],
  ["isalpha", isAll(/^\p{L}*$/u)],
  ["isdecimal", isAll(/^\p{Nd}*$/u)],
  ["isdigit", isAll(/^\p{Nd}*$/u)],
  ["islower", (text) => cased(text) && text === text.toLowerCase()],
  ["isnumeric", isAll(/^\p{N}*$/u)],
  ["isspace", (text) => text !== "" && strip(text, undefined, both) === ""],
  ["isupper", (text) => cased(text) && text === text.toUpperCase()],
  ["join", (text, args) => joinedTexts(itemsOf(args.positional[0]).map(neededItem), text)],
  ["ljust", (text, args) => text + fill(text, args, textArgument(args, 1))],
  ["lower", (text) => text.toLowerCase()],
  ["lstrip", (text, args) => strip(text, textArgument(args, 0), { left: true, right: false })],
  [
    "partition",
    (text, args) => partition(text, neededText(args, 0), text.indexOf(neededText(args, 0))),
  ],
  [
    "removeprefix",
    (text, args) => {
      const start = neededText(args, 0);
      return text.startsWith(start) ? text.slice(start.length) : text;
    },
  ],
  [
    "removesuffix",
    (text, args) => {
      const end = neededText(args, 0);
      return end !== "" && text.endsWith(end) ? text.slice(0, -end.length) : text;
    },
  ],
  ["replace", replaceIn],
  ["rfind", (text, args) => place(text, text.lastIndexOf(neededText(args, 0)))],
  ["rjust", (text, args) => fill(text, args, textArgument(args, 1)) + text],
  [
    "rpartition",
    (text, args) => {
      const mark = neededText(args, 0);
      const at = text.lastIndexOf(mark);
      return at === -1 ? new Tuple(["", "", text]) : partition(text, mark, at);
    },
  ],
  ["rsplit", splitFromRight],
  ["rstrip", (text, args) => strip(text, textArgument(args, 0), { left: false, right: true })],
  ["split", split],
  ["splitlines", (text) => (text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r\n|[\n\r]/))],
  ["startswith", (text, args) => matches(args, (piece) => text.startsWith(piece))],
  ["strip", (text, args) => strip(text, textArgument(args, 0), both)],
  ["title", titled],
  ["upper", (text) => text.toUpperCase()],
  ["zfill", (text, args) => fill(text, args, "0") + text],
]);

/** Padding to a width in characters. */
function fill(text: string, args: Arguments, char = " "): string {
  return repeated(char, (numberArgument(args, 0) ?? 0) - lengthOf(text));
}

function neededItem(item: Value): string {
  if (typeof item === "string") return item;
  throw new TemplateFault("sequence item: expected str instance");
}

/** Methods of dicts and lists. Those that would change them are rejected by the sandbox. */
export function methodOf(value: Value, name: string): ((args: Arguments) => Value) | undefined {
  if (typeof value === "string") {
    const method = stringMethods.get(name);
    return method && ((args) => method(value, args));
  }
  if (isDict(value)) return dictMethod(value, name);
  const items = sequenceOf(value);
  if (items === undefined || (name !== "index" && name !== "count")) return undefined;
  return ({ positional: [wanted] }) => {
    return name === "index" ? items.indexOf(wanted) : items.filter((one) => one === wanted).length;
  };
}

function dictMethod(
  dict: ReadonlyMap<Value, Value>,
  name: string,
): ((args: Arguments) => Value) | undefined {
  switch (name) {
    case "get":
      return ({ positional: [key, otherwise = null] }) =>
        dict.has(key) ? dict.get(key) : otherwise;
    case "items":
      return () => [...dict].map((pair) => new Tuple(pair));
    case "keys":
      return () => [...dict.keys()];
    case "values":
      return () => [...dict.values()];
    case "copy":
      return () => dict;
    default:
      return undefined;
  }
}
