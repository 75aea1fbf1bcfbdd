/**
 * Writes what was measured into two pages, from bench/results: headlines into docs/benchmarks.md, whose other text is
 * written by hand, and everything into docs/benchmarks/results.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { type Headline, headlines } from "./headlines.ts";
import { repository, resultsFolder } from "./lib/paths.ts";
import { readResults, type Result } from "./lib/result.ts";
import { type Claim, holds, type Table } from "./lib/scenario.ts";

const beginning = "<!-- measured: written by bench/report.ts -->";
const end = "<!-- end of what was measured -->";

/** Where the two pages are. */
export const headlinePage = join(repository, "docs", "benchmarks.md");
export const resultsPage = join(repository, "docs", "benchmarks", "results.md");

export async function writeBenchmarks(): Promise<void> {
  const results = readResults(resultsFolder);
  const page = readFileSync(headlinePage, "utf8");
  writeFileSync(headlinePage, await replaceMeasured(page, headlineText(results)));
  writeFileSync(resultsPage, await layOut(resultsText(results), resultsPage));
}

/** The page with the new figures, formatted as `make format` does. */
export async function replaceMeasured(page: string, measured: string): Promise<string> {
  const from = page.indexOf(beginning);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error("docs/benchmarks.md has lost its markers");
  const replaced = `${page.slice(0, from + beginning.length)}\n\n${measured}\n${page.slice(to)}`;
  return layOut(replaced, headlinePage);
}

export async function layOut(text: string, file: string): Promise<string> {
  return format(text, { ...(await resolveConfig(file)), parser: "markdown" });
}

/** A row for each headline whose figure was measured. */
export function headlineText(
  results: readonly Result[],
  chosen: readonly Headline[] = headlines,
): string {
  const rows = chosen.flatMap(({ from, claim, says }) => {
    const found = results
      .find(({ name }) => name === from)
      ?.claims.find(({ what }) => what === claim);
    const link = `[${from}](benchmarks/results.md#${from})`;
    return found === undefined ? [] : [[says, valueText(found), aimText(found), link]];
  });
  return markdownTable({ columns: ["what", "measured", "aim", "from"], rows });
}

export function resultsText(results: readonly Result[]): string {
  const introduction = [
    "# Benchmark results",
    "",
    "<!-- Written by bench/report.ts from bench/results. Do not edit: `make bench` measures. -->",
    "",
    "[benchmarks.md](../benchmarks.md) says how these are measured, and shows ten of them.",
    "",
  ];
  if (results.length === 0) introduction.push("Nothing has been measured yet: run `make bench`.");
  else introduction.push("## All figures", "", summaryText(results), ...results.map(resultText));
  return introduction.join("\n");
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
    `## ${name}`,
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
