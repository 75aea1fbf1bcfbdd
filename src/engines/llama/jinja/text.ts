/** Values as text: results of Python's `str`, `repr` and `json.dumps`. */
import { joinedTexts } from "./bounds.ts";
import {
  Float,
  isDict,
  isList,
  newBudget,
  sequenceOf,
  spend,
  TemplateFault,
  Tuple,
  typeOf,
} from "./values.ts";
import type { Budget, Value } from "./values.ts";

/** Python's `str`: what a template prints. Undefined prints nothing. */
export function textOf(value: Value): string {
  if (typeof value === "string") return value;
  return value === undefined ? "" : quoted(value);
}

/** Python's `repr`. */
export function quoted(value: Value, budget = newBudget()): string {
  spend(budget);
  if (value === undefined) return "Undefined";
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return quotedText(value);
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (value instanceof Float) return floatText(value.value);
  return quotedItems(value, budget);
}

function quotedItems(value: Value, budget: Budget): string {
  const partsOf = (items: readonly Value[]) => items.map((item) => quoted(item, budget));
  if (value instanceof Tuple) {
    return `(${joinedTexts(partsOf(value.items), ", ")}${value.items.length === 1 ? "," : ""})`;
  }
  if (isList(value)) return `[${joinedTexts(partsOf(value), ", ")}]`;
  if (isDict(value)) {
    const pairs = [...value].map(([key, one]) => `${quoted(key, budget)}: ${quoted(one, budget)}`);
    return `{${joinedTexts(pairs, ", ")}}`;
  }
  throw new TemplateFault("a function or namespace has no text");
}

const named: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\\": "\\\\",
};

function quotedText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\\0-\x1f\x7f-\xa0\xad]/g, (mark) => {
    return named[mark] ?? `\\x${mark.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    const [digits, exponent = "0"] = value.toExponential().split("e");
    const sign = exponent.startsWith("-") ? "-" : "+";
    return `${digits ?? ""}e${sign}${exponent.slice(1).padStart(2, "0")}`;
  }
  if (Object.is(value, -0)) return "-0.0";
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

export interface JsonOptions {
  readonly ensureAscii: boolean;
  /** Indentation of each level. Undefined for one line. */
  readonly indent: string | undefined;
  readonly separators: readonly [item: string, key: string];
  readonly sortKeys: boolean;
  readonly budget: Budget;
}

/** Python's `json.dumps`. */
export function jsonOf(value: Value, options: JsonOptions, margin = ""): string {
  spend(options.budget);
  if (value === null) return "null";
  if (typeof value === "string") return jsonText(value, options);
  if (typeof value === "boolean" || typeof value === "number" || typeof value === "bigint") {
    return String(value);
  }
  if (value instanceof Float) return jsonFloat(value.value);
  const items = sequenceOf(value);
  const inner = options.indent === undefined ? "" : margin + options.indent;
  if (items !== undefined) {
    const parts = items.map((item) => jsonOf(item, options, inner));
    return wrapped(["[", "]"], parts, { options, margin });
  }
  if (!isDict(value)) throw new TemplateFault(`'${typeOf(value)}' is not JSON serializable`);
  const entries = [...value].map(([key, one]) => [jsonKey(key), one] as const);
  if (options.sortKeys) entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = entries.map(([key, one]) => {
    return jsonText(key, options) + options.separators[1] + jsonOf(one, options, inner);
  });
  return wrapped(["{", "}"], parts, { options, margin });
}

function wrapped(
  [open, close]: readonly [string, string],
  parts: readonly string[],
  { options, margin }: { readonly options: JsonOptions; readonly margin: string },
): string {
  const { indent, separators } = options;
  if (parts.length === 0 || indent === undefined)
    return open + joinedTexts(parts, separators[0]) + close;
  const line = `\n${margin}${indent}`;
  return `${open}${line}${joinedTexts(parts, separators[0] + line)}\n${margin}${close}`;
}

function jsonKey(key: Value): string {
  if (typeof key === "string") return key;
  if (key === null || typeof key === "boolean") return String(key);
  return textOf(key);
}

/** A text as it stands within quotes in JSON. */
export const jsonEscaped = (text: string): string => JSON.stringify(text).slice(1, -1);

/** A mark for hidden text: what it stands for is escaped when it is put in, once for each `j`. */
const marked = /(\uE000\d+:(?:\d+)j*)\uE001/g;

function jsonText(text: string, { ensureAscii }: JsonOptions): string {
  const json = JSON.stringify(text.replace(marked, "$1j\uE001"));
  if (!ensureAscii) return json;
  return json.replace(/[^ -~\uE000\uE001]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function jsonFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  return floatText(value);
}

const marks: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&#39;",
  '"': "&#34;",
};

/** Escapes characters with a meaning in HTML. */
export const escaped = (value: Value): string =>
  textOf(value).replace(/[&<>'"]/g, (mark) => marks[mark] ?? mark);
