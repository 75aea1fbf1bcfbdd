import type { Elsewhere } from "../base/elsewhere.ts";
import type { ReadValue } from "./values.ts";

/** One setting of the server. */
export interface Setting {
  readonly group:
    "Models" | "Network" | "Access" | "TLS" | "Limits" | "Metrics" | "Shutdown" | "Logs";
  /** Undefined for a setting that can stay unset; always a list with `repeats`. */
  readonly default: unknown;
  /** The default in help texts, if it depends on the machine or on other settings. */
  readonly defaultText?: string;
  /** Reads one value. A setting that repeats is a list of them. */
  readonly read: ReadValue<unknown>;
  readonly repeats?: boolean;
  /** The value of a flag that is given without one. */
  readonly preset?: string;
  /** Placeholder of the value in help texts. */
  readonly value: string;
  /** What the setting does, with its unit. */
  readonly help: string;
  readonly elsewhere?: Elsewhere;
}
