import { setTimeout as wait } from "node:timers/promises";
import type { LoadClock } from "./drive.ts";

/** The real time: monotonic, read in nanoseconds. */
export const realClock: LoadClock = {
  now: () => performance.now(),
  // Timers keep whole milliseconds and may fire early by a part of one.
  until: async (atMs) => {
    for (let left = atMs - performance.now(); left > 0; left = atMs - performance.now()) {
      await wait(left);
    }
  },
  at: (atMs, call) => {
    const timer = setTimeout(call, atMs - performance.now());
    return () => clearTimeout(timer);
  },
};
