/**
 * What of a grammar is still to come, as stacks of places in it. Equal stacks are one object, so that a text that comes
 * back to a place, such as within a long string, takes no more memory and finds what was computed there before.
 */
import { MatcherError } from "../matcher.ts";
import type { CharacterSet } from "./characters.ts";
import type { Rules } from "./rules.ts";

export interface Stack {
  readonly id: number;
  /** What must come next, above what comes after it. Undefined at the end of the text. */
  readonly top?: { readonly place: number; readonly below: Stack };
  /** Stacks with one more place on this one. */
  readonly above: Map<number, Stack>;
  /** Once computed: the stacks that it stands for, all with characters next or at the end. */
  expanded?: readonly Stack[];
}

/** An element at its place; undefined at the end of an alternative. */
type Place =
  | { readonly kind: "characters"; readonly set: CharacterSet }
  | { readonly kind: "rule"; readonly alternatives: readonly number[] }
  | undefined;

/** What one stack may stand for. */
const mostExpanded = 20_000;

export class Stacks {
  readonly #places: Place[] = [];
  readonly end: Stack = { id: 0, above: new Map() };
  readonly start: readonly Stack[];
  #count = 1;

  constructor({ rules, root }: Rules) {
    // Alternatives lie one after the other, each with its end.
    let next = 0;
    const starts = rules.map((alternatives) =>
      alternatives.map((sequence) => {
        const start = next;
        next += sequence.length + 1;
        return start;
      }),
    );
    for (const sequence of rules.flat()) {
      for (const element of sequence) {
        const isRule = element.kind === "rule";
        this.#places.push(
          isRule ? { kind: "rule", alternatives: starts[element.rule] ?? [] } : element,
        );
      }
      this.#places.push(undefined);
    }
    this.start = this.#union((starts[root] ?? []).map((place) => this.#push(this.end, place)));
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** All sets of characters. */
  *sets(): Generator<CharacterSet> {
    for (const place of this.#places) if (place?.kind === "characters") yield place.set;
  }

  /** The characters that come next; undefined at the end of the text. */
  next({ top }: Stack): CharacterSet | undefined {
    const place = top && this.#places[top.place];
    return place?.kind === "characters" ? place.set : undefined;
  }

  /** What a stack is after its next character. */
  after({ top }: Stack): readonly Stack[] {
    return top === undefined ? [] : this.#expand(this.#push(top.below, top.place + 1));
  }

  /** A place with nothing after it is left out, so that a list does not grow its stack. */
  #push(below: Stack, place: number): Stack {
    if (this.#places[place] === undefined) return below;
    const known = below.above.get(place);
    if (known !== undefined) return known;
    const stack: Stack = { id: this.#count, top: { place, below }, above: new Map() };
    this.#count += 1;
    below.above.set(place, stack);
    return stack;
  }

  #expand(stack: Stack): readonly Stack[] {
    stack.expanded ??= this.#union([stack]);
    return stack.expanded;
  }

  /** Follows rules until characters come next. */
  #union(stacks: readonly Stack[]): readonly Stack[] {
    const seen = new Set(stacks);
    const found: Stack[] = [];
    for (const stack of seen) {
      const place = stack.top && this.#places[stack.top.place];
      if (stack.top === undefined || place?.kind !== "rule") {
        found.push(stack);
        continue;
      }
      const rest = this.#push(stack.top.below, stack.top.place + 1);
      for (const alternative of place.alternatives) seen.add(this.#push(rest, alternative));
      if (seen.size > mostExpanded)
        throw new MatcherError("too much may come next; make it simpler");
    }
    return found;
  }
}
