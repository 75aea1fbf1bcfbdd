import type { Elsewhere } from "../base/elsewhere.ts";

/**
 * Labels take values from closed sets only: methods that are served, models that are loaded, gRPC's codes, the
 * reasons of the one table, the stages of a job. `unknown` is the method of calls to a method that is not served.
 */
type Label = "method" | "model" | "code" | "reason" | "stage";

interface Described {
  readonly name: string;
  readonly labels: readonly Label[];
  /** What is counted or measured, and what is not. */
  readonly help: string;
  readonly elsewhere?: Elsewhere;
}

export type Metric =
  | (Described & { readonly type: "counter" | "gauge" })
  | (Described & {
      readonly type: "histogram";
      /** Upper bounds, in the unit of the name. */
      readonly buckets: readonly number[];
    });

/** Seconds, from one millisecond to ten minutes, the longest duration of a call by default. */
export const callBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
];

/** Seconds between two tokens, and between a cancellation and its effect: about one step of an engine. */
export const stepBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 2.5, 10,
];
