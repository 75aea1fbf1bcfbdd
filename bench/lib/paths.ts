import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** What is downloaded, built or made for benchmarks: never committed, safe to delete. */
export const cacheFolder = join(repository, ".cache", "bench");

export const resultsFolder = join(repository, "bench", "results");
