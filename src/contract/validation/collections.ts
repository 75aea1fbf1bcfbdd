/** Rules of lists and maps. Where the items are too many, none is checked. */
import { type Rule, unbounded } from "./rule.ts";
import { text } from "./scalars.ts";

interface ListBounds {
  readonly min?: number;
  readonly max: number;
}

/** A list of so many items. */
export function list<T>(item: Rule<T>, { min = 0, max }: ListBounds): Rule<readonly T[]> {
  return {
    ...(item.fields && { fields: item.fields }),
    maxItems: max,
    check: (values, at, report) => {
      if (values.length < min)
        report.add(at, "REQUIRED", `must have at least ${min} ${plural(min, "item")}`);
      if (values.length > max) {
        const most = `must have at most ${max} ${plural(max, "item")}`;
        report.add(at, "TOO_MANY", `${most}, not ${values.length}`);
        return;
      }
      if (item === unbounded) return;
      for (const [index, value] of values.entries()) item.check(value, `${at}[${index}]`, report);
    },
  };
}

/** A map from whole numbers of so many entries. */
export function numberMap<T>(item: Rule<T>, maxEntries: number): Rule<{ [key: number]: T }> {
  return {
    maxItems: maxEntries,
    check: (values, at, report) => {
      const entries = Object.entries(values);
      if (entries.length > maxEntries) {
        report.add(
          at,
          "TOO_MANY",
          `must have at most ${maxEntries} entries, not ${entries.length}`,
        );
        return;
      }
      for (const [key, value] of entries) item.check(value, `${at}[${key}]`, report);
    },
  };
}

interface TextMapBounds {
  readonly maxEntries: number;
  readonly maxKeyBytes: number;
  /** Of each value. */
  readonly maxBytes: number;
}

/** A map from texts, none of them empty, to texts. */
export function textMap({
  maxEntries,
  maxKeyBytes,
  maxBytes,
}: TextMapBounds): Rule<{ [key: string]: string }> {
  const item = text(maxBytes, { mayBeEmpty: true });
  return {
    maxItems: maxEntries,
    check: (values, at, report) => {
      const entries = Object.entries(values);
      if (entries.length > maxEntries) {
        const most = `must have at most ${maxEntries} entries`;
        report.add(at, "TOO_MANY", `${most}, not ${entries.length}`);
        return;
      }
      for (const [name, value] of entries) {
        const path = `${at}[${JSON.stringify(name)}]`;
        const keyBytes = Buffer.byteLength(name);
        const longest = `must have a key of at most ${maxKeyBytes} bytes`;
        if (keyBytes > maxKeyBytes) report.add(path, "TOO_LONG", longest);
        if (keyBytes === 0) report.add(path, "REQUIRED", "must have a key that is not empty");
        item.check(value, path, report);
      }
    },
  };
}

function plural(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`;
}
