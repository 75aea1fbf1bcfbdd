import type { ReadValue } from "./values.ts";

/** One setting of the server, of whatever group. */
export interface Setting {
  readonly group:
    "Models" | "Network" | "Access" | "TLS" | "Limits" | "Metrics" | "Shutdown" | "Logs";
  /** Undefined for a setting that may stay unset; always a list where `repeats`. */
  readonly default: unknown;
  /** How help shows a default that depends on the machine or on other settings. */
  readonly defaultText?: string;
  /** Reads one value; a setting that repeats is a list of them. */
  readonly read: ReadValue<unknown>;
  readonly repeats?: boolean;
  /** What the flag alone means, for one that needs no value. */
  readonly preset?: string;
  /** What help calls the value. */
  readonly value: string;
  /** What the operator gets by setting it, with its unit. */
  readonly help: string;
}
