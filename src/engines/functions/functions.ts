import type { JobContext, Sampling } from "../engine.ts";
import type { TextInput } from "../text-input.ts";

/** The request of a `generate` function. */
export interface TextRequest extends TextInput {
  /** As the request set them. `maxTokens` counts pieces; the server enforces it. */
  readonly sampling: Sampling;
}

/** The functions of a model: at least one of `generate`, `embed`, `rerank` and `classify`. */
export interface Functions {
  /**
   * Yields text in pieces. If the call is cancelled, `signal` aborts and the generator is closed at its next `yield`.
   * The server applies stop sequences and `maxTokens` (in pieces) to the pieces. It must await, or yield often: code
   * that blocks the thread blocks all calls of the model.
   */
  readonly generate?: (
    request: TextRequest,
    signal: AbortSignal,
    context: JobContext,
  ) => AsyncIterable<string> | Iterable<string>;

  /** Returns one vector of length `dimensions` per text, in order. It gets at most 32 texts at a time. */
  readonly embed?: (
    texts: readonly string[],
    signal: AbortSignal,
    context: JobContext,
  ) => Vectors | Promise<Vectors>;

  /** Length of the vectors. Required with `embed`. */
  readonly dimensions?: number;

  /** Returns the score of each document for the query, in order; higher is better. It gets at most 32 documents at a time. */
  readonly rerank?: (
    query: string,
    documents: readonly string[],
    signal: AbortSignal,
    context: JobContext,
  ) => Numbers | Promise<Numbers>;

  /** Returns a score for each of `labels` per input, in order. It gets at most 32 inputs at a time. */
  readonly classify?: (
    inputs: readonly ClassifyInput[],
    signal: AbortSignal,
    context: JobContext,
  ) => Vectors | Promise<Vectors>;

  /** Labels of `classify`, each different. Required with it. */
  readonly labels?: readonly string[];

  /** Whether each label has a score of its own, so that they do not sum to 1. Default false. */
  readonly multiLabel?: boolean;

  /** Maximum concurrent calls; further ones wait. Default 16. */
  readonly slots?: number;

  /** Maximum pieces of a completion, if neither the request nor the manifest sets it. Default 32,768. */
  readonly contextLength?: number;

  /** Licence, as an SPDX expression. */
  readonly license?: string;

  /** Frees the resources of the functions. */
  readonly close?: () => void | Promise<void>;
}

/** One list of numbers per text. */
export type Vectors = readonly Numbers[];

export type Numbers = ArrayLike<number>;

/** A text to classify. */
export interface ClassifyInput {
  readonly text: string;
  /** The second text, such as a hypothesis, of a call that sends one. */
  readonly pair?: string;
}
