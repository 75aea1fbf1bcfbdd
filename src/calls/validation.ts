/**
 * Checks a whole request against a table of rules, one rule a field, and refuses it with every wrong
 * field named. `Rules<M>` asks for a rule for each field of `M`, so a new field cannot be forgotten;
 * one that takes any value says so with `unbounded`.
 */
import { type FieldReason, ServeError, type Violation } from "../base/errors.ts";
import type { CallContext, Handler } from "./call.ts";

/** Checks one value and reports what is wrong with it. */
export interface Rule<T> {
  /** `at` is the value's proto path. */
  check(value: T, at: string, report: Report): void;
  /** Each field's rule, where the value is a message or a oneof. */
  readonly fields?: Readonly<Record<string, Rule<never>>>;
  /** For a oneof: it has no path of its own, its fields are its message's. */
  readonly inline?: boolean;
}

export type Rules<M> = { readonly [K in keyof M]-?: Rule<M[K]> };

// A caller can send millions of wrong values in one request; a few dozen are enough to mend it.
const keptViolations = 64;

/** Gathers what is wrong with one request. */
export class Report {
  readonly #violations: Violation[] = [];
  #total = 0;

  /** Notes what is wrong with a field. Of one that is wrong in several ways, the first is told. */
  add(field: string, reason: FieldReason, description: string): void {
    if (this.#violations.some((known) => known.field === field)) return;
    this.#total += 1;
    if (this.#violations.length === keptViolations) return;
    this.#violations.push({ field, reason, description });
  }

  get isEmpty(): boolean {
    return this.#total === 0;
  }

  /** Throws FIELD_INVALID where anything was added. */
  throwIfAny(): void {
    const [first] = this.#violations;
    if (first === undefined) return;
    const others = this.#total - 1;
    const more = others === 0 ? "" : `, and ${others} more ${others === 1 ? "field" : "fields"}`;
    throw new ServeError("FIELD_INVALID", `${first.field} ${first.description}${more}`, {
      facts: { violations: String(this.#total) },
      violations: this.#violations,
    });
  }
}

/** Adds what else is wrong with a request that is refused in any case. Throws nothing. */
export type AlsoCheck<I> = (request: I, context: CallContext, report: Report) => void;

/**
 * Lets only requests that keep the rule reach the handler. What the handler would find wrong later,
 * `alsoCheck` adds to a refusal, so that it names all wrong fields.
 */
export function validated<I, O>(
  rule: Rule<I>,
  handler: Handler<I, O>,
  alsoCheck: AlsoCheck<I> = () => undefined,
): Handler<I, O> {
  return (request, context) => {
    const report = new Report();
    rule.check(request, "", report);
    if (!report.isEmpty) alsoCheck(request, context, report);
    report.throwIfAny();
    return handler(request, context);
  };
}

/** Any value is fine: the type says all there is to say. */
export const unbounded: Rule<unknown> = { check: () => undefined };

export interface Range {
  readonly min: number;
  readonly max: number;
  /** The lower bound itself is refused. */
  readonly above?: true;
}

/** A number in a range; never NaN or infinite. */
export function number({ min, max, above }: Range): Rule<number> {
  const allowed = above ? `be above ${min} and at most ${max}` : `be from ${min} to ${max}`;
  return {
    check: (value, at, report) => {
      // NaN compares false, so it is refused too.
      const inside = (above ? value > min : value >= min) && value <= max;
      if (!inside) report.add(at, "OUT_OF_RANGE", `must ${allowed}`);
    },
  };
}

/** A field that may stay unset. */
export function optional<T>(rule: Rule<T>): Rule<T | undefined> {
  return {
    ...rule,
    check: (value, at, report) => {
      if (value !== undefined) rule.check(value, at, report);
    },
  };
}

/** A text of at most so many bytes of UTF-8. */
export function text(
  maxBytes: number,
  { mayBeEmpty }: { readonly mayBeEmpty: boolean },
): Rule<string> {
  return {
    check: (value, at, report) => {
      const bytes = Buffer.byteLength(value);
      if (bytes > maxBytes) report.add(at, "TOO_LONG", `must have at most ${maxBytes} bytes`);
      if (bytes === 0 && !mayBeEmpty) report.add(at, "REQUIRED", "must not be empty");
    },
  };
}

/** A list of so many items. Where they are too many, none is looked at. */
export function list<T>(
  item: Rule<T>,
  { min = 0, max = Infinity }: { readonly min?: number; readonly max?: number },
): Rule<readonly T[]> {
  return {
    ...(item.fields && { fields: item.fields }),
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

export interface TextMapBounds {
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

/** A value of an enum that this server knows: newer clients may send others. */
export function known<E extends number>(
  values: Readonly<Record<string, E>>,
  { required }: { readonly required: boolean },
): Rule<E> {
  const numbers = new Set<number>(Object.values(values));
  return {
    check: (value, at, report) => {
      if (value === 0 && required) report.add(at, "REQUIRED", "must be set");
      else if (!numbers.has(value)) {
        report.add(at, "UNKNOWN_VALUE", `must be a known value, not ${value}`);
      }
    },
  };
}

/** A message: a rule for each field, then what they must agree on. */
export function message<M extends object>(
  fields: Rules<M>,
  together?: (value: M, at: string, report: Report) => void,
): Rule<M> {
  // Object.entries forgets which field has which type; `Rules<M>` has paired them.
  const rules = Object.entries(fields) as [keyof M & string, Rule<M[keyof M]>][];
  return {
    fields,
    check: (value, at, report) => {
      for (const [name, rule] of rules) {
        rule.check(value[name], rule.inline ? at : pathOf(at, name), report);
      }
      together?.(value, at, report);
    },
  };
}

interface Case {
  readonly $case: string;
  readonly value: unknown;
}

/** A oneof of which exactly one must be set. `name` is what a violation calls it. */
export function oneof<C extends Case>(
  name: string,
  cases: { readonly [K in C["$case"]]: Rule<Extract<C, { $case: K }>["value"]> },
): Rule<C | undefined> {
  const rules: Readonly<Record<string, Rule<never>>> = cases;
  const names = Object.keys(rules).map(protoName).join(", ");
  return {
    fields: rules,
    inline: true,
    check: (value, at, report) => {
      const rule: Rule<unknown> | undefined = value && rules[value.$case];
      if (rule === undefined) {
        report.add(pathOf(at, name), "REQUIRED", `must be set: one of ${names}`);
      } else rule.check(value?.value, pathOf(at, value?.$case ?? ""), report);
    },
  };
}

/** `topK` is `top_k` in proto. */
export function protoName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The proto path of a message's field. */
export function pathOf(at: string, name: string): string {
  return at === "" ? protoName(name) : `${at}.${protoName(name)}`;
}

function plural(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`;
}
