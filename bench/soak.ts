/** `make soak`: what only shows after a while. INFERD_SOAK_MIN says how many minutes; 30 where it is not set. */
import { runFromCommandLine } from "./lib/runner.ts";
import { soak } from "./scenarios/soak.ts";

await runFromCommandLine("bench/soak.ts", [soak(Number(process.env["INFERD_SOAK_MIN"] ?? 30))]);
