/** Runs scenarios from the command line: one after the other, each printing one JSON line and keeping its result. */
import { basename, join } from "node:path";
import { Command } from "commander";
import { errorMessage, errorStack } from "../../src/base/text.ts";
import { writeBenchmarks } from "../report.ts";
import { alone } from "./lock.ts";
import { machineFacts } from "./machine.ts";
import { cacheFolder, resultsFolder } from "./paths.ts";
import { preamble, resultOf, writeResult } from "./result.ts";
import { holds, type Scenario } from "./scenario.ts";

/** Above this load, somebody else is using the machine. */
const quietLoad = 0.5;

interface Flags {
  readonly smoke: boolean;
}

export async function runFromCommandLine(
  script: string,
  scenarios: readonly Scenario[],
): Promise<void> {
  const list = scenarios.map(({ name, title }) => `  ${name.padEnd(24)} ${title}`).join("\n");
  const command = new Command(`node ${script}`)
    .description(
      "Measures this machine. Results land in bench/results, docs/benchmarks.md and docs/benchmarks/.",
    )
    .argument("[scenarios...]", "Which ones to run; all of them where none is named.")
    .option("--smoke", "Tries scenarios out in seconds, on tiny models; keeps no results.", false)
    .addHelpText("after", `\nScenarios:\n${list}`)
    .parse();
  const unknown = command.args.find(
    (name) => !scenarios.some((scenario) => scenario.name === name),
  );
  if (unknown !== undefined) command.error(`error: there is no scenario named ${unknown}`);
  const chosen = scenarios.filter(({ name }) => command.args.includes(name));
  const { smoke } = command.opts<Flags>();
  // An exit by signal would leave the servers that were started behind.
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => process.exit(130));
  try {
    await alone(() => runAll(script, chosen.length > 0 ? chosen : scenarios, smoke));
  } catch (error) {
    command.error(`error: ${errorMessage(error)}`);
  }
  if (!smoke) await writeBenchmarks();
}

/** A scenario that cannot run does not keep the others from running; the exit code remembers it. */
async function runAll(
  script: string,
  scenarios: readonly Scenario[],
  isSmoke: boolean,
): Promise<void> {
  const folder = isSmoke ? join(cacheFolder, "smoke-results") : resultsFolder;
  // Once: from the first scenario on, the load is our own.
  const machine = machineFacts();
  if (machine.loadBefore > quietLoad) {
    say(`the machine is not quiet, and figures will show it: load ${machine.loadBefore}`);
  }
  for (const scenario of scenarios) {
    say(`${scenario.name}: ${scenario.title}`);
    const missing = scenario.missing?.();
    if (missing !== undefined) {
      say(`  skipped: ${missing}`);
      continue;
    }
    try {
      const before = preamble(`node ${script} ${scenario.name}`, machine);
      const outcome = await scenario.run({ isSmoke, say: (what) => say(`  ${what}`) });
      const result = resultOf(scenario, before, outcome);
      writeResult(folder, result);
      const claims = outcome.claims.map((claim) => ({ ...claim, holds: holds(claim) }));
      console.log(JSON.stringify({ scenario: scenario.name, isSmoke, claims }));
    } catch (error) {
      process.exitCode = 1;
      say(`  ${basename(script)}: ${scenario.name} failed: ${errorStack(error)}`);
    }
  }
}

const say = (text: string): void => console.error(text);
