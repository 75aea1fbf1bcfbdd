import { Truncation } from "../../gen/inferd/v1/types.ts";

/** What `--truncation` may say, and what it means. */
export const truncations = {
  none: Truncation.NONE,
  end: Truncation.END,
  start: Truncation.START,
} as const;
