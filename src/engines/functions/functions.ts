import type { ChatMessage, Sampling } from "../engine.ts";

/** What a `generate` function is asked. */
export interface TextRequest {
  /** The prompt; of a chat, the last message's content. */
  readonly prompt: string;
  /** The whole conversation; a plain prompt is one message of the user. */
  readonly messages: readonly ChatMessage[];
  /** As the caller set them; `maxTokens` counts pieces and is kept by the server. */
  readonly sampling: Sampling;
}

/** What a model made of functions can do: at least one of `generate` and `embed`. */
export interface Functions {
  /**
   * Yields text in pieces. Ends early when the caller leaves: `signal` aborts, and the generator is
   * closed at its next `yield`. Stop sequences and `maxTokens` (in pieces) are applied to what it
   * yields. Needs to await, or to yield often: what blocks the thread blocks all its calls.
   */
  readonly generate?: (
    request: TextRequest,
    signal: AbortSignal,
  ) => AsyncIterable<string> | Iterable<string>;

  /** Returns a vector for each text, in order, all of length `dimensions`. Called with a few at a time. */
  readonly embed?: (texts: readonly string[], signal: AbortSignal) => Vectors | Promise<Vectors>;

  /** The length of the vectors; required with `embed`. */
  readonly dimensions?: number;

  /** Calls that run at once; more wait. Default 16. */
  readonly slots?: number;

  /** The most pieces of a completion, where neither the caller nor the manifest says. Default 32,768. */
  readonly contextLength?: number;

  /** Its licence, as an SPDX expression. */
  readonly license?: string;

  /** Frees what the functions hold. */
  readonly close?: () => void | Promise<void>;
}

export type Vectors = readonly ArrayLike<number>[];
