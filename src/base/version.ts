import { readFileSync } from "node:fs";

interface Package {
  readonly version: string;
}

// The package.json of inferd, whose version every release sets.
const own = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as Package;

/** The version of inferd, such as `0.1.0`. */
export const version = own.version;
