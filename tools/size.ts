/**
 * Prints how large the code is, next to the same of an earlier commit. Nothing is refused: the figures are for the
 * reviewer. Argument: the commit; by default the last one before what lies here. With `--coverage` it also prints what
 * the unit tests cover, for which it runs them twice.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { median, percentile } from "../bench/lib/statistics.ts";
import { codeSize } from "./code-size.ts";

/** Name to value, in the order of print. Undefined where it could not be measured. */
type Figures = ReadonlyMap<string, number | undefined>;

const { positionals, values: flags } = parseArgs({
  allowPositionals: true,
  options: { coverage: { type: "boolean", default: false } },
});

/** What a folder holds that has the repository's files. */
function figuresOf(folder: string): Figures {
  const { files, functions, exports } = codeSize(folder, "src/**/*.ts");
  const p95 = (values: readonly number[]): number =>
    percentile(
      values.toSorted((a, b) => a - b),
      0.95,
    );
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return new Map([
    ["files in src", files.length],
    ["lines in src", sum(files)],
    ["lines of a file, median", median(files)],
    ["lines of a file, p95", p95(files)],
    ["lines of a file, max", Math.max(...files)],
    ["functions", functions.length],
    ["lines of a function, median", median(functions)],
    ["lines of a function, p95", p95(functions)],
    ["lines of a function, max", Math.max(...functions)],
    ["exports", exports],
    ["lines in test", sum(codeSize(folder, "test/**/*.ts").files)],
    ["packages that serving needs", runtimePackages(folder)],
    ["packed size, kB", packedKilobytes(folder)],
    ...(flags.coverage ? coverageFigures(folder) : []),
  ]);
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

function runtimePackages(folder: string): number {
  // The lock's own form is npm's.
  const { packages } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as Lock;
  return Object.entries(packages).filter(([path, { dev }]) => path !== "" && dev !== true).length;
}

function packedKilobytes(folder: string): number {
  const output = run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], folder);
  // npm's own form.
  const [pack] = JSON.parse(output) as readonly { readonly size: number }[];
  return Math.round((pack?.size ?? NaN) / 1000);
}

interface Coverage {
  readonly lines: { readonly pct: number };
  readonly branches: { readonly pct: number };
}

function coverageFigures(folder: string): readonly [string, number | undefined][] {
  const coverage = coverageOf(folder);
  return [
    ["unit tests cover lines, %", coverage?.lines.pct],
    ["unit tests cover branches, %", coverage?.branches.pct],
  ];
}

/** Undefined where a test fails: then it says little of the code. */
function coverageOf(folder: string): Coverage | undefined {
  const reports = mkdtempSync(join(tmpdir(), "inferd-coverage-"));
  const coverage = [
    "--coverage",
    "--coverage.reporter=json-summary",
    `--coverage.reportsDirectory=${reports}`,
  ];
  try {
    run("vitest", ["run", "test/unit", ...coverage], folder);
    const summary = readFileSync(join(reports, "coverage-summary.json"), "utf8");
    // Istanbul's own form.
    return (JSON.parse(summary) as { readonly total: Coverage }).total;
  } catch (error) {
    console.error(`the unit tests in ${folder} did not pass: ${String(error).slice(0, 2000)}`);
    return undefined;
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

function run(program: string, args: readonly string[], cwd: string): string {
  const maxBuffer = 64 * 1024 * 1024;
  return execFileSync(program, args, { cwd, encoding: "utf8", maxBuffer, stdio: "pipe" });
}

/** The figures of a commit, in a clone for it; its packages are taken to be those that lie here. */
function figuresAt(commit: string): Figures {
  const folder = mkdtempSync(join(tmpdir(), "inferd-size-"));
  try {
    run("git", ["clone", "--quiet", "--shared", "--no-checkout", ".", folder], ".");
    run("git", ["checkout", "--quiet", commit], folder);
    symlinkSync(join(process.cwd(), "node_modules"), join(folder, "node_modules"));
    return figuresOf(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The last commit before what lies here; undefined where none was fetched. */
function lastCommit(): string | undefined {
  const wanted = run("git", ["status", "--porcelain"], ".") === "" ? "HEAD~1" : "HEAD";
  try {
    return run("git", ["rev-parse", "--short", "--verify", wanted], ".").trim();
  } catch {
    return undefined;
  }
}

function lineOf(name: string, before: number | undefined, now: number | undefined): string {
  const change = before === undefined || now === undefined ? 0 : now - before;
  const shown = Number(change.toFixed(2));
  const cells = [before ?? "-", now ?? "-", shown === 0 ? "" : `${shown > 0 ? "+" : ""}${shown}`];
  return name.padEnd(30) + cells.map((cell) => String(cell).padStart(10)).join("");
}

const commit = positionals[0] ?? lastCommit();
const before: Figures = commit === undefined ? new Map() : figuresAt(commit);
const now = figuresOf(process.cwd());
console.log("".padEnd(30) + (commit ?? "-").padStart(10) + "now".padStart(10));
for (const [name, figure] of now) console.log(lineOf(name, before.get(name), figure));
