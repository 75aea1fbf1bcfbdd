/** Prints a vitest report's counts as `N passed, N failed`. Arguments: the report, vitest's exit code. */
import { readFileSync } from "node:fs";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
}

const [path = "", exitCode = "1"] = process.argv.slice(2);
// Vitest's own format; a report that is missing or is no JSON fails the run by its absence.
const report = JSON.parse(readFileSync(path, "utf8")) as Report;
const { numPassedTests: passed, numFailedTests } = report;
// A file that cannot be imported, or an unhandled error, fails the run without a failed test.
const failed = Math.max(numFailedTests, exitCode === "0" ? 0 : 1);
console.log(`${passed} passed, ${failed} failed`);
