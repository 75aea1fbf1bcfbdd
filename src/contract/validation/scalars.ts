/** Rules of single values. */
import type { Rule } from "./rule.ts";

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

/** A name that formats of tool calls can write. */
export function toolName(maxBytes: number): Rule<string> {
  const rule = text(maxBytes, { mayBeEmpty: false });
  return {
    check: (value, at, report) => {
      rule.check(value, at, report);
      if (/^[A-Za-z0-9_.-]*$/.test(value)) return;
      report.add(at, "MALFORMED", "must have only letters of ASCII, digits, _, - and .");
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
