/** Holds a text to a grammar in GBNF, token by token. */
import { type Compiled, type Matcher, MatcherError } from "../matcher.ts";
import type { SpelledTokens } from "../spelled-tokens.ts";
import type { Rules } from "./rules.ts";
import { type State, States } from "./states.ts";

/** What texts of one grammar share. */
export class GbnfGrammar implements Compiled {
  readonly #rules: Rules;
  readonly #tokens: SpelledTokens;
  #states: States;

  constructor(rules: Rules, tokens: SpelledTokens) {
    this.#rules = rules;
    this.#tokens = tokens;
    this.#states = new States(rules);
  }

  /** At the beginning of a text. */
  clone(): GbnfMatcher {
    if (this.#states.isWorn) this.#states = new States(this.#rules);
    return new GbnfMatcher(this.#states, this.#tokens);
  }

  free(): void {
    this.#states = new States(this.#rules);
  }
}

export class GbnfMatcher implements Matcher {
  readonly #states: States;
  readonly #tokens: SpelledTokens;
  /** One for each token that was consumed, and the first. */
  readonly #path: State[];

  constructor(states: States, tokens: SpelledTokens) {
    this.#states = states;
    this.#tokens = tokens;
    this.#path = [states.start];
  }

  check(token: number): boolean {
    return this.#after(token) !== undefined;
  }

  mask(): Uint32Array {
    this.#states.begin();
    return this.#tokens.mask(this.#last, (state, byte) => this.#states.after(state, byte));
  }

  among(tokens: readonly number[]): readonly number[] {
    return tokens.filter((token) => this.check(token));
  }

  consume(token: number): void {
    const next = this.#after(token);
    if (next === undefined) throw new MatcherError("the token may not come next");
    this.#path.push(next);
  }

  rollback(count: number): void {
    this.#path.length = Math.max(1, this.#path.length - count);
  }

  get accepting(): boolean {
    return this.#states.mayEnd(this.#last);
  }

  get stopped(): boolean {
    return this.#states.mustEnd(this.#last);
  }

  free(): void {
    this.#path.length = 1;
  }

  get #last(): State {
    return this.#path.at(-1) ?? this.#states.start;
  }

  /** Undefined where the token may not come next. A token without bytes never may. */
  #after(token: number): State | undefined {
    this.#states.begin();
    const bytes = this.#tokens.bytesOf(token);
    let state: State | undefined = bytes.length > 0 ? this.#last : undefined;
    for (const byte of bytes) state &&= this.#states.after(state, byte);
    return state;
  }
}
