import { ServeError } from "../../base/errors.ts";
import { type Matcher, MatcherError } from "../constraint/matcher.ts";

/** Holds the tokens of one job to its constraint. End tokens, of which a model may have several, are decided here. */
export class TokenFilter {
  readonly #matcher: Matcher;
  readonly #ends: ReadonlySet<number>;

  constructor(matcher: Matcher, ends: ReadonlySet<number>) {
    this.#matcher = matcher;
    this.#ends = ends;
  }

  /** Nothing may follow. */
  get stopped(): boolean {
    return guarded(() => this.#matcher.stopped);
  }

  allows(token: number): boolean {
    const isEnd = this.#ends.has(token);
    return guarded(() => (isEnd ? this.#matcher.accepting : this.#matcher.check(token)));
  }

  /** Makes impossible what may not come next. Dear, compared with asking for one token. */
  exclude(logits: Float32Array): void {
    const ends = guarded(() => this.#matcher.accepting) ? [...this.#ends] : [];
    const kept = ends.map((token) => logits[token] ?? -Infinity);
    const mask = guarded(() => this.#matcher.mask());
    for (let token = 0; token < logits.length; token += 1) {
      const bits = mask[token >>> 5] ?? 0;
      if (((bits >>> (token & 31)) & 1) === 0) logits[token] = -Infinity;
    }
    ends.forEach((token, place) => (logits[token] = kept[place] ?? -Infinity));
  }

  take(token: number): void {
    if (!this.#ends.has(token)) guarded(() => this.#matcher.consume(token));
  }

  free(): void {
    this.#matcher.free();
  }
}

/** A constraint that compiled can still become too costly in the middle of a text. */
function guarded<T>(use: () => T): T {
  try {
    return use();
  } catch (thrown) {
    if (!(thrown instanceof MatcherError)) throw thrown;
    const description = "became too costly in the middle of the text; make it simpler";
    throw new ServeError("CONSTRAINT_INVALID", `constraint: ${description}`, {
      violations: [{ field: "constraint", reason: "MALFORMED", description }],
      cause: thrown,
    });
  }
}
