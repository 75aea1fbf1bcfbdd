/** Keeps room for a text's ending, so that it is whole when its tokens are used up. */
import type { Matcher } from "../matcher.ts";
import type { SpelledTokens } from "../spelled-tokens.ts";
import { findEnding } from "./ending.ts";

/** Nothing is searched for while more tokens are left. */
const window = 256;
/** Bytes that are tried for the first ending; for another, a few times as many as the last one has. */
const mostFirst = 1500;
const mostAfter = { least: 64, times: 3 };
/** For all of a text: bytes that are tried, and how long writing may be held up by it. */
const mostSteps = 4000;
const mostMs = 1000;

export interface ClosingOptions {
  readonly matcher: Matcher;
  readonly tokens: SpelledTokens;
  /** Tokens that end a completion. */
  readonly ends: ReadonlySet<number>;
  readonly now: () => number;
}

/**
 * `free`: there is an ending that fits. `closing`: it is being written. `late`: there was none when the first was
 * searched for, so the text is cut off.
 */
type Stage = "waiting" | "free" | "closing" | "late";

/** Owns the ending of one text. The matcher is the text's own: it stands where the text does. */
export class Closing {
  readonly #options: ClosingOptions;
  #stage: Stage = "waiting";
  /** Tokens that lead to the end. No more than are left, once there is one. */
  #ending: readonly number[] = [];
  #endingBytes = 0;
  #steps = 0;
  #ms = 0;

  constructor(options: ClosingOptions) {
    this.#options = options;
  }

  /** The ending has been written: nothing may follow. */
  get done(): boolean {
    return this.#stage === "closing" && this.#ending.length === 0;
  }

  /**
   * The token to take, of which `left` may be taken: what was sampled if an ending fits after it, and otherwise the
   * next of the ending. What was sampled may come next.
   */
  choose(sampled: number, left: number): number {
    if (this.#stage === "waiting" && left <= window) this.#begin(left);
    if (this.#stage === "waiting" || this.#stage === "late") return sampled;
    if (this.#stage === "free") {
      if (this.#options.ends.has(sampled)) return sampled;
      const after = this.#endingAfter(sampled, left - 1);
      if (after !== undefined) {
        this.#ending = after;
        return sampled;
      }
      this.#stage = "closing";
    }
    const [next, ...rest] = this.#ending;
    this.#ending = rest;
    // Without an ending to write, the text is whole here.
    return next ?? this.#end();
  }

  #begin(left: number): void {
    const ending = this.#search(left, mostFirst);
    this.#stage = ending === undefined ? "late" : "free";
    this.#ending = ending ?? [];
  }

  #end(): number {
    const [end] = this.#options.ends;
    if (end === undefined) throw new Error("bug: a model without an end token wrote a whole text");
    return end;
  }

  /** Most tokens change nothing of the ending, such as those within a string, or are its next. */
  #endingAfter(sampled: number, left: number): readonly number[] | undefined {
    const { matcher } = this.#options;
    const [next, ...rest] = this.#ending;
    if (next === sampled) return rest;
    matcher.consume(sampled);
    try {
      if (this.#ending.length <= left && this.#leadsToTheEnd(this.#ending)) return this.#ending;
      return this.#search(left, mostAfter.least + mostAfter.times * this.#endingBytes);
    } finally {
      matcher.rollback(1);
    }
  }

  #search(left: number, most: number): readonly number[] | undefined {
    const { matcher, tokens, now } = this.#options;
    const since = now();
    const last = Math.min(this.#steps + most, mostSteps);
    let found: readonly number[] | undefined;
    const bytes = findEnding(matcher, {
      byteTokens: tokens.byteTokens,
      fits: (path) => {
        found = tokens.fewestFor(path);
        if (found !== undefined && found.length > left) found = undefined;
        return found !== undefined;
      },
      mayStep: () => (this.#steps += 1) <= last && this.#ms + now() - since < mostMs,
    });
    this.#ms += now() - since;
    if (bytes === undefined || found === undefined || !this.#leadsToTheEnd(found)) return undefined;
    this.#endingBytes = bytes.length;
    return found;
  }

  #leadsToTheEnd(ending: readonly number[]): boolean {
    const { matcher } = this.#options;
    let taken = 0;
    for (const token of ending) {
      if (matcher.stopped || !matcher.check(token)) break;
      matcher.consume(token);
      taken += 1;
    }
    const leads = taken === ending.length && matcher.accepting;
    if (taken > 0) matcher.rollback(taken);
    return leads;
  }
}
