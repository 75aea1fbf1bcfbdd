/** The flags of `inferd keys`. Light to import, as all flags are. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Priority } from "../../../base/priority.ts";
import { scopes } from "../../../config/scopes.ts";
import { addSettingFlags } from "../../flags/settings.ts";
import { collect } from "../../flags/values.ts";
import type { CreateFlags, KeysFlags, RotateFlags } from "./keys.ts";
import { duration, lifetime, quota } from "./values.ts";

export function addKeys(program: Command): void {
  const keys = program
    .command("keys")
    .summary("create, list, revoke and rotate API keys")
    .description(
      "Looks after the API keys in --keys; needs no server. Running servers follow within a second.",
    )
    .helpCommand(false)
    .helpGroup("Server:");
  addCreate(keys.command("create"));
  stored(keys.command("list"))
    .description(
      "Lists keys: id, name, state, scopes, models, priority, quotas. A secret is shown once, by create or rotate.",
    )
    .option("--json", "Prints one JSON array.")
    .action(async (flags: KeysFlags) => (await import("./keys.ts")).listKeys(flags));
  stored(keys.command("revoke"))
    .description("Ends a key for good.")
    .argument("<id>", "The key's id: what is before the dot.")
    .action(async (id: string, flags: KeysFlags) =>
      (await import("./keys.ts")).revokeKey(id, flags),
    );
  stored(keys.command("rotate"))
    .description("Gives a key another secret and prints the whole key.")
    .argument("<id>", "The key's id: what is before the dot.")
    .option("--overlap <time>", "How long the old secret is taken too, such as 24h.", duration, 0)
    .action(async (id: string, flags: RotateFlags) =>
      (await import("./keys.ts")).rotateKey(id, flags),
    );
}

function addCreate(command: Command): void {
  stored(command)
    .description("Makes a key and prints it, once: only its secret's SHA-256 is kept.")
    .requiredOption("--name <text>", "Whose key it is, for people.")
    .addOption(
      new Option("--scope <scope>", "What it may do. Repeatable.")
        .choices(scopes)
        .argParser(oneScope)
        .makeOptionMandatory(),
    )
    .option(
      "--for-model <name>",
      "A model that it may use; none means all. Repeatable.",
      collect,
      [],
    )
    .addOption(
      new Option(
        "--priority <priority>",
        "The most urgent that its calls may be: batch puts all of them behind those of other keys.",
      )
        .choices(["interactive", "batch"] satisfies readonly Priority[])
        .default("interactive"),
    )
    .option(
      "--expires <time>",
      "When it ends, such as 90d or 12h from now; never, by default.",
      lifetime,
    )
    .option("--requests-per-minute <n>", "Calls a minute.", quota)
    .option("--concurrent-calls <n>", "Calls at a time.", quota)
    .option("--tokens-per-minute <n>", "Tokens a minute, read and written.", quota)
    .option("--tokens-per-day <n>", "Tokens a day.", quota)
    .action(async (flags: CreateFlags) => (await import("./keys.ts")).createKey(flags));
}

function stored(command: Command): Command {
  return addSettingFlags(command, ["keys"]);
}

/** Replaces what `choices` would read: that keeps one value only. */
function oneScope(text: string, before: readonly string[] = []): readonly string[] {
  if (scopes.some((scope) => scope === text)) return [...before, text];
  throw new InvalidArgumentError(`Allowed choices are ${scopes.join(", ")}.`);
}
