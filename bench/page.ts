/** Writes docs/benchmarks.md from the results that are there, where something else than a scenario kept one. */
import { writeBenchmarks } from "./report.ts";

await writeBenchmarks();
