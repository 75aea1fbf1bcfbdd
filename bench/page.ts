/** Writes the two pages of benchmarks from the results, for runs that are no scenarios, such as the fuzz. */
import { writeBenchmarks } from "./report.ts";

await writeBenchmarks();
