/** What an engine needs of a constraint while it writes a text: tokens by their ids in its vocabulary. */
export interface Matcher {
  /** Whether a token may come next. Cheap: ask this of the token that was sampled, and for a mask only where it may not. */
  check(token: number): boolean;
  /** One bit a token that may come next, lowest first. Valid until the matcher is used again. */
  mask(): Uint32Array;
  /** Those of a few tokens that may come next, in their order. */
  among(tokens: readonly number[]): readonly number[];
  /** Takes a token that may come next. */
  consume(token: number): void;
  /** Takes back the last tokens. */
  rollback(count: number): void;
  /** Whether the text may end here. */
  readonly accepting: boolean;
  /** Whether nothing may follow: the text must end here. */
  readonly stopped: boolean;
  free(): void;
}

/** A constraint that was compiled. */
export interface Compiled {
  /** A matcher at the beginning of a text. */
  clone(): Matcher;
  free(): void;
}

/** A constraint cannot be compiled, or became too costly in the middle of a text. Its text can quote the constraint. */
export class MatcherError extends Error {
  override readonly name = "MatcherError";
}

/** What a matcher knows of an engine's vocabulary. */
export interface ConstraintVocabulary {
  readonly size: number;
  /** The bytes that a token adds to a text; none for one that may come in no text, such as an end token. */
  readonly bytesOf: (token: number) => Uint8Array;
}
