/** Jinja's tests: the operand of `is`. */
import {
  Callable,
  compare,
  Float,
  holds,
  isDict,
  isEqual,
  numberOf,
  sequenceOf,
  TemplateFault,
} from "./values.ts";
import { textOf } from "./text.ts";
import type { Value } from "./values.ts";

type Test = (value: Value, other: Value) => boolean;

const isSequence: Test = (value) =>
  value === undefined ||
  typeof value === "string" ||
  isDict(value) ||
  sequenceOf(value) !== undefined;
const whole = (value: Value): number => {
  const number = numberOf(value);
  if (number === undefined) throw new TemplateFault("a number is needed");
  return number;
};

const tests: Readonly<Record<string, Test>> = {
  boolean: (value) => typeof value === "boolean",
  callable: (value) => value instanceof Callable,
  defined: (value) => value !== undefined,
  divisibleby: (value, other) => whole(value) % whole(other) === 0,
  eq: isEqual,
  equalto: isEqual,
  even: (value) => whole(value) % 2 === 0,
  false: (value) => value === false,
  float: (value) => value instanceof Float,
  ge: (value, other) => compare(value, other) >= 0,
  gt: (value, other) => compare(value, other) > 0,
  in: (value, other) => holds(other, value),
  integer: (value) => typeof value === "number" || typeof value === "bigint",
  iterable: isSequence,
  le: (value, other) => compare(value, other) <= 0,
  lower: (value) => textOf(value) === textOf(value).toLowerCase(),
  lt: (value, other) => compare(value, other) < 0,
  mapping: (value) => isDict(value),
  ne: (value, other) => !isEqual(value, other),
  none: (value) => value === null,
  number: (value) => numberOf(value) !== undefined,
  odd: (value) => Math.abs(whole(value) % 2) === 1,
  sameas: (value, other) => value === other,
  sequence: isSequence,
  string: (value) => typeof value === "string",
  true: (value) => value === true,
  undefined: (value) => value === undefined,
  upper: (value) => textOf(value) === textOf(value).toUpperCase(),
};
const operators: Readonly<Record<string, string>> = {
  "==": "eq",
  "!=": "ne",
  "<": "lt",
  "<=": "le",
  ">": "gt",
  ">=": "ge",
  greaterthan: "gt",
  lessthan: "lt",
};

/** A test by its name, as filters name one too. */
export function testOf(name: string): Test {
  const own = operators[name] ?? name;
  const test = Object.hasOwn(tests, own) ? tests[own] : undefined;
  if (test === undefined) throw new TemplateFault(`No test named '${name}'`);
  return test;
}
