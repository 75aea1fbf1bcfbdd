/** Keeps what a long test found as a benchmark's result is kept. Only its make target asks for that. */
import { machineFacts } from "./machine.ts";
import { resultsFolder } from "./paths.ts";
import { preamble, resultOf, writeResult } from "./result.ts";
import type { Outcome, Scenario } from "./scenario.ts";

export interface Kept {
  /** Writes the result, with how long it took. Call it once nothing is wrong: a failure keeps nothing. */
  keep(outcome: Outcome & { readonly data: object }): void;
}

/** Begins a result; undefined where `INFERD_KEEP_RESULTS` does not ask for it, as in `make test`. */
export function beginKept(
  about: Pick<Scenario, "name" | "title" | "method">,
  command: string,
): Kept | undefined {
  if (process.env["INFERD_KEEP_RESULTS"] !== "1") return undefined;
  const before = preamble(command, machineFacts());
  const beganMs = performance.now();
  return {
    keep: ({ data, ...outcome }) => {
      const seconds = Math.round((performance.now() - beganMs) / 1000);
      const result = resultOf(about, before, { ...outcome, data: { seconds, ...data } });
      writeResult(resultsFolder, result);
    },
  };
}
