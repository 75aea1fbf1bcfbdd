import { Truncation } from "../../gen/inferd/v1/types.ts";

/** Values of `--truncation`. */
export const truncations = {
  none: Truncation.NONE,
  end: Truncation.END,
  start: Truncation.START,
} as const;
