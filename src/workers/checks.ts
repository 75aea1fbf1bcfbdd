/** Checks of plain data from outside, to be put together into one of a whole message. */

export type Check = (value: unknown) => boolean;

export const isString: Check = (value) => typeof value === "string";
export const isBoolean: Check = (value) => typeof value === "boolean";
export const isNumber: Check = (value) => Number.isFinite(value);
// Counts end up in fields of type uint32.
export const isCount: Check = (value) =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 32;
export const isPositive: Check = (value) => isCount(value) && Number(value) > 0;
// Bytes, and what is counted for as long as a worker lives: no field of the contract has them.
export const isLarge: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
export const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
export const isOneOf =
  (...choices: readonly unknown[]): Check =>
  (value) =>
    choices.includes(value);

/** An object that has these fields; others are its own business. */
export function has(fields: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(fields);
  return (value) => {
    if (typeof value !== "object" || value === null) return false;
    return checks.every(([name, check]) => check(Reflect.get(value, name)));
  };
}

export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

/** An object that has no fields but these, each of which may be left out. */
export function hasOnly(fields: Readonly<Record<string, Check>>): Check {
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    return Object.entries(value).every(
      ([name, each]) => Object.hasOwn(fields, name) && fields[name]?.(each),
    );
  };
}
