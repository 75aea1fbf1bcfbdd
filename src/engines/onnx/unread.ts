/** A text before its tokens are known, and after. */
import type { ErrorData } from "../../base/errors.ts";
import type { Truncation } from "../engine.ts";
import type { Prompt } from "./prompt-table.ts";

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
