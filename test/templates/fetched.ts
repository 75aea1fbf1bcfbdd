/** The folder of llama.cpp's chat templates. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Undefined where no registry is reached. */
export function fetched(): string | undefined {
  try {
    const fetch = join(import.meta.dirname, "fetch");
    return execFileSync(fetch, [], { encoding: "utf8", timeout: 120_000 }).trim();
  } catch {
    process.stderr.write(
      "the registry cannot be reached: llama.cpp's chat templates are not tested\n",
    );
    return undefined;
  }
}
