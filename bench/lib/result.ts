/** Results on disk: one JSON file a scenario, the newest run of it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commit, type Machine, packageVersions } from "./machine.ts";
import type { Claim, Outcome, Scenario, Table } from "./scenario.ts";

export interface Result {
  readonly name: string;
  readonly title: string;
  readonly method: string;
  readonly measuredAt: string;
  readonly command: string;
  readonly commit: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly claims: readonly Claim[];
  readonly tables: readonly Table[];
  readonly data: unknown;
}

/** What is known before a scenario runs. */
export type Preamble = Pick<Result, "measuredAt" | "command" | "commit" | "machine">;

export function preamble(command: string, machine: Machine): Preamble {
  return { measuredAt: new Date().toISOString(), command, commit: commit(), machine };
}

export function resultOf(
  scenario: Pick<Scenario, "name" | "title" | "method">,
  before: Preamble,
  outcome: Outcome,
): Result {
  const { name, title, method } = scenario;
  const { claims, tables, data } = outcome;
  const versions = { ...packageVersions(), ...outcome.versions };
  return { name, title, method, ...before, versions, claims, tables, data };
}

export function writeResult(folder: string, result: Result): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${result.name}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
}

export function readResults(folder: string): readonly Result[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  // Only writeResult writes these files.
  return names
    .toSorted()
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Result);
}
