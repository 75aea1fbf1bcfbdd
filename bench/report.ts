/** Writes the measured part of docs/benchmarks.md from bench/results. Everything else there is written by hand. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { repository, resultsFolder } from "./lib/paths.ts";
import { readResults, type Result } from "./lib/result.ts";
import { type Claim, holds, type Table } from "./lib/scenario.ts";

const beginning = "<!-- measured: written by bench/report.ts -->";
const end = "<!-- end of what was measured -->";

export async function writeBenchmarks(): Promise<void> {
  const page = join(repository, "docs", "benchmarks.md");
  const text = readFileSync(page, "utf8");
  writeFileSync(page, await replaceMeasured(text, reportText(readResults(resultsFolder))));
}

/** The page with what was measured anew, laid out as `make format` does. */
export async function replaceMeasured(page: string, measured: string): Promise<string> {
  const from = page.indexOf(beginning);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error("docs/benchmarks.md has lost its markers");
  const replaced = `${page.slice(0, from + beginning.length)}\n\n${measured}\n${page.slice(to)}`;
  return format(replaced, { parser: "markdown" });
}

export function reportText(results: readonly Result[]): string {
  if (results.length === 0) return "Nothing has been measured yet: run `make bench`.\n";
  return [summaryText(results), ...results.map(resultText)].join("\n");
}

function summaryText(results: readonly Result[]): string {
  const rows = results.flatMap(({ name, claims }) =>
    claims.map((claim) => [claim.what, valueText(claim), aimText(claim), `[${name}](#${name})`]),
  );
  return markdownTable({ columns: ["what", "measured", "aim", "from"], rows });
}

function resultText({ name, title, method, tables, ...result }: Result): string {
  const { machine, versions, commit, command, measuredAt } = result;
  const versionText = Object.entries(versions).map(([what, version]) => `${what} ${version}`);
  return [
    `### ${name}`,
    "",
    `${title}. ${method}`,
    "",
    ...tables.flatMap((table) => [`${table.title}:`, "", markdownTable(table)]),
    `\`${command}\` on ${measuredAt.slice(0, 10)} at commit \`${commit}\`: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}, Node.js ${machine.node}; load before ${machine.loadBefore}. ${versionText.join(", ")}.`,
    "",
  ].join("\n");
}

function valueText({ value, unit }: Claim): string {
  return unit === "×" ? `**${value} ×**` : `${value} ${unit}`.trim();
}

function aimText(claim: Claim): string {
  const { aim } = claim;
  if (aim === undefined) return "";
  return `${aim.relation} ${aim.value}: ${holds(claim) === true ? "yes" : "**no**"}`;
}

function markdownTable({ columns, rows }: Omit<Table, "title">): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
  return `${[line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n")}\n`;
}
