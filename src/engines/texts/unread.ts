/** A text before its tokens are known, and after. */
import type { ErrorData } from "../../base/errors.ts";
import type { Truncation } from "../engine.ts";
import type { Prompt } from "./prompt.ts";

export type Unread = UnreadText | GivenIds;

export interface UnreadText {
  readonly ids?: undefined;
  readonly text: string;
  readonly truncate: Truncation;
  /** The text that is read after it; only `openPairs` reads one. */
  readonly pair?: string;
  /** Precedes the text, and is never truncated. */
  readonly prompt?: Pick<Prompt, "text" | "tokens">;
}

/** A text that comes as its tokens, which are read as they are. */
export interface GivenIds {
  readonly ids: Uint32Array;
  readonly text?: undefined;
  readonly truncate: Truncation;
}

export interface TokenizedText {
  /** With the model's special tokens, unless they were given. Empty if `error` is set. */
  readonly ids: readonly number[];
  /** The type id of each token, of a pair. */
  readonly types?: readonly number[];
  readonly truncated: boolean;
  readonly error?: ErrorData;
}

/** Reads texts as tokens. */
export interface Tokens {
  /** In their order. A text that cannot be tokenized has an error, which does not affect others. */
  read(texts: readonly Unread[]): Promise<readonly TokenizedText[]>;
}

/** A text as the model computes it. */
export interface EncodedText {
  readonly ids: readonly number[];
  /** Number of its first tokens that do not count in the vector, those of a prompt. Zero if all count. */
  readonly skipped: number;
  /** The type id of each token; all zero where they are left out. */
  readonly types?: readonly number[];
  /** Whether its tokens' vectors are wanted as they are, one after the other. Only of a graph that does not pool. */
  readonly unpooled?: boolean;
}
