/**
 * A request is checked against a table of rules, one rule a field. `Rules<M>` asks for a rule for each
 * field of `M`, so a new field cannot be forgotten; a field that takes any value says so with `unbounded`.
 */
import type { Report } from "./report.ts";

/** Checks one value and reports what is wrong with it. */
export interface Rule<T> {
  /** `at` is the value's proto path. */
  check(value: T, at: string, report: Report): void;
  /** Each field's rule, where the value is a message, a list of messages or a oneof. */
  readonly fields?: Readonly<Record<string, Rule<never>>>;
  /** For a oneof: it has no path of its own, its fields are its message's. */
  readonly inline?: boolean;
  /** For a list or a map: the most items. The wire counts them before it reads the request. */
  readonly maxItems?: number;
}

export type Rules<M> = { readonly [K in keyof M]-?: Rule<M[K]> };

/** Any value is fine: the type says all there is to say. */
export const unbounded: Rule<unknown> = { check: () => undefined };

/** A field that may stay unset. */
export function optional<T>(rule: Rule<T>): Rule<T | undefined> {
  return {
    ...rule,
    check: (value, at, report) => {
      if (value !== undefined) rule.check(value, at, report);
    },
  };
}
