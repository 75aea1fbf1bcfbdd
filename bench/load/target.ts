/** What a load is put on: anything that streams completions. */

export interface StreamRequest {
  readonly prompt: Prompt;
  /** Tokens to generate; the end token is ignored, so that every call does the same work. */
  readonly newTokens: number;
  readonly seed: number;
}

export type Prompt =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "tokens"; readonly ids: readonly number[] };

/** How a call ended, as its server tells. Counts are zero where it tells nothing. */
export interface StreamEnd {
  /** A gRPC code's name, `HTTP 503` and the like for an HTTP server. */
  readonly code: string;
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
  /** What the server says it waited for a first step, in milliseconds. */
  readonly queueMs?: number;
  /** From the arrival of the attempt that was served to its first token, as the server says. */
  readonly firstTokenMs?: number;
  /** When to come again, as a refusal says. */
  readonly retryAfterMs?: number;
  /** The same by `google.rpc.RetryInfo`, where the error's details hold one. */
  readonly retryInfoMs?: number;
}

export interface StreamReader {
  /** Ends the call when it aborts. */
  readonly signal: AbortSignal;
  /** Is told at once of each message that carries tokens. */
  readonly onTokens: (count: number) => void;
  /** Is told which ones they were, as far as the server says. */
  readonly onIds?: (ids: readonly number[]) => void;
}

/** Runs one call to its end. Never rejects: a failure is an end too. */
export type StreamTarget = (request: StreamRequest, reader: StreamReader) => Promise<StreamEnd>;

export const noCounts = { promptTokens: 0, cachedPromptTokens: 0, completionTokens: 0 };
