import { ServeError } from "../../base/errors.ts";
import type { Closing } from "../constraint/closing/closing.ts";
import { type Matcher, MatcherError } from "../constraint/matcher.ts";

interface TokenFilterOptions {
  readonly ends: ReadonlySet<number>;
  /** Of the request, that has the constraint. */
  readonly field: string;
  /** Undefined for a text that may be cut off. */
  readonly closing: Closing | undefined;
}

/** Holds the tokens of one job to its constraint. End tokens, of which a model may have several, are decided here. */
export class TokenFilter {
  readonly #matcher: Matcher;
  readonly #ends: ReadonlySet<number>;
  readonly #field: string;

  readonly #closing: Closing | undefined;

  constructor(matcher: Matcher, { ends, field, closing }: TokenFilterOptions) {
    this.#matcher = matcher;
    this.#ends = ends;
    this.#field = field;
    this.#closing = closing;
  }

  /** Nothing may follow. */
  get stopped(): boolean {
    return this.#closing?.done === true || this.#guarded(() => this.#matcher.stopped);
  }

  /** The text was to be closed before its tokens are used up, and may end here. */
  get closed(): boolean {
    return this.#closing !== undefined && this.#guarded(() => this.#matcher.accepting);
  }

  /** The token to take in place of one that may come next, where `left` may be taken. */
  settle(token: number, left: number): number {
    const closing = this.#closing;
    return closing === undefined ? token : this.#guarded(() => closing.choose(token, left));
  }

  allows(token: number): boolean {
    const isEnd = this.#ends.has(token);
    return this.#guarded(() => (isEnd ? this.#matcher.accepting : this.#matcher.check(token)));
  }

  /** Makes impossible what may not come next. Dear, compared with asking for one token. */
  exclude(logits: Float32Array): void {
    const ends = this.#guarded(() => this.#matcher.accepting) ? [...this.#ends] : [];
    const kept = ends.map((token) => logits[token] ?? -Infinity);
    const mask = this.#guarded(() => this.#matcher.mask());
    for (let token = 0; token < logits.length; token += 1) {
      const bits = mask[token >>> 5] ?? 0;
      if (((bits >>> (token & 31)) & 1) === 0) logits[token] = -Infinity;
    }
    ends.forEach((token, place) => (logits[token] = kept[place] ?? -Infinity));
  }

  take(token: number): void {
    if (!this.#ends.has(token)) this.#guarded(() => this.#matcher.consume(token));
  }

  free(): void {
    this.#matcher.free();
  }

  /** A constraint that compiled can still become too costly in the middle of a text. */
  #guarded<T>(use: () => T): T {
    try {
      return use();
    } catch (thrown) {
      if (!(thrown instanceof MatcherError)) throw thrown;
      const field = this.#field;
      const description = "became too costly in the middle of the text; make it simpler";
      throw new ServeError("CONSTRAINT_INVALID", `${field}: ${description}`, {
        violations: [{ field, reason: "MALFORMED", description }],
        cause: thrown,
      });
    }
  }
}
