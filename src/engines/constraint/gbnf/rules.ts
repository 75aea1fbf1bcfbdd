/** Rules as one list of elements, so that a place in the grammar is a number. */
import { MatcherError } from "../matcher.ts";
import type { CharacterSet } from "./characters.ts";

export type Element =
  | { readonly kind: "characters"; readonly set: CharacterSet }
  | { readonly kind: "rule"; readonly rule: number };

/** One way to write a rule; the empty one writes nothing. */
export type Sequence = readonly Element[];

export interface Rules {
  /** By a rule's number: its alternatives. */
  readonly rules: readonly (readonly Sequence[])[];
  readonly root: number;
}

const mostElements = 200_000;

/** Owns the rules of a grammar while it is read. Those that come of repetitions and groups have no name. */
export class RuleTable {
  readonly #numbers = new Map<string, number>();
  readonly #rules: (readonly Sequence[] | undefined)[] = [];
  #elements = 0;

  /** The number of a named rule, which may be defined later. */
  numberOf(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.reserve();
    this.#numbers.set(name, number);
    return number;
  }

  reserve(): number {
    return this.#rules.push(undefined) - 1;
  }

  /** A later definition of a name counts, as in llama.cpp. */
  define(rule: number, alternatives: readonly Sequence[]): void {
    this.count(alternatives.length);
    this.#rules[rule] = alternatives;
  }

  /** Throws where a grammar becomes too large. */
  count(elements: number): void {
    this.#elements += elements;
    if (this.#elements > mostElements) {
      throw new MatcherError("with its repetitions written out, it is too large; make it simpler");
    }
  }

  /** Throws unless each rule that is named is defined, and none begins with itself. */
  finish(): Rules {
    const root = this.#numbers.get("root");
    if (root === undefined) throw new MatcherError("it has no rule named root, which is the text");
    for (const [name, number] of this.#numbers) {
      if (this.#rules[number] === undefined)
        throw new MatcherError(`the rule ${name} is not defined`);
    }
    const rules = this.#rules.map((alternatives) => alternatives ?? []);
    const names = new Map([...this.#numbers].map(([name, number]) => [number, name]));
    const circle = leftRecursion(rules);
    if (circle !== undefined) {
      const name = circle.map((rule) => names.get(rule)).find(Boolean) ?? "root";
      throw new MatcherError(
        `the rule ${name} begins with itself; write it so that it ends with itself`,
      );
    }
    return { rules, root };
  }
}

/** The rules of a circle of rules that begin with one another; undefined where there is none. */
function leftRecursion(rules: Rules["rules"]): readonly number[] | undefined {
  const empty = mayBeEmpty(rules);
  const state = new Uint8Array(rules.length);
  for (let start = 0; start < rules.length; start += 1) {
    const path: { readonly rule: number; readonly rest: number[] }[] = [];
    const enter = (rule: number): void => {
      state[rule] = 1;
      path.push({ rule, rest: beginnings(rules[rule] ?? [], empty) });
    };
    if (state[start] === 0) enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.rest.pop();
      if (next === undefined) {
        state[top.rule] = 2;
        path.pop();
      } else if (state[next] === 1) {
        return path.slice(path.findIndex(({ rule }) => rule === next)).map(({ rule }) => rule);
      } else if (state[next] === 0) enter(next);
    }
  }
  return undefined;
}

/** The rules with which one can begin. */
function beginnings(alternatives: readonly Sequence[], empty: Uint8Array): number[] {
  const found = new Set<number>();
  for (const sequence of alternatives) {
    for (const element of sequence) {
      if (element.kind === "characters") break;
      found.add(element.rule);
      if (empty[element.rule] === 0) break;
    }
  }
  return [...found];
}

/** By a rule's number: 1 if it may write nothing. */
function mayBeEmpty(rules: Rules["rules"]): Uint8Array {
  const empty = new Uint8Array(rules.length);
  const isEmpty = (sequence: Sequence): boolean =>
    sequence.every((element) => element.kind === "rule" && empty[element.rule] === 1);
  for (let changed = true; changed;) {
    changed = false;
    for (const [rule, alternatives] of rules.entries()) {
      if (empty[rule] === 1 || !alternatives.some(isEmpty)) continue;
      empty[rule] = 1;
      changed = true;
    }
  }
  return empty;
}
