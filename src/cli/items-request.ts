/** Commands that ask for something of each of some texts. */
import { callOptionsOf } from "./call-options.ts";
import type { CallOptionFlags } from "./flags/call-options.ts";
import type { ConnectionFlags } from "./flags/connection.ts";
import { truncations } from "./truncations.ts";

/** Texts per call: few enough for any server's limit, enough to fill its batches. */
export const textsPerCall = 512;

export interface ItemsFlags extends ConnectionFlags, CallOptionFlags {
  readonly model: string;
  readonly truncation: keyof typeof truncations;
  readonly json?: boolean;
}

/** What their requests have in common. A text that fails leaves the others be. */
export function itemsRequestOf(flags: ItemsFlags) {
  const call = callOptionsOf(flags);
  return {
    model: flags.model,
    truncation: truncations[flags.truncation],
    allowItemErrors: true,
    ...(call !== undefined && { call }),
  };
}

export interface ScoreFlags extends ItemsFlags {
  readonly top?: number;
  readonly rawScores?: boolean;
}

/** The same of requests for scores. */
export function scoresRequestOf(flags: ScoreFlags) {
  return {
    ...itemsRequestOf(flags),
    rawScores: flags.rawScores ?? false,
    ...(flags.top !== undefined && { topN: flags.top }),
  };
}
