/** The flags of `inferd keys`. Cheap to import, as all flags are. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Priority } from "../../../base/priority.ts";
import { scopes } from "../../../contract/scopes.ts";
import { addSettingFlags } from "../../flags/settings.ts";
import { collect } from "../../flags/values.ts";
import type { CreateFlags, KeysFlags, RotateFlags } from "./keys.ts";
import { duration, lifetime, quota } from "./values.ts";

export function addKeys(program: Command): void {
  const keys = program
    .command("keys")
    .summary("create, list, revoke and rotate API keys")
    .description(
      "Manages the API keys in --keys; needs no server. Running servers apply changes within a second.",
    )
    .helpCommand(false)
    .helpGroup("Server:");
  addCreate(keys.command("create"));
  stored(keys.command("list"))
    .description(
      "Lists keys: id, name, state, scopes, models, priority, quotas. Only create and rotate show a secret, once.",
    )
    .option("--json", "Prints one JSON array.")
    .action(async (flags: KeysFlags) => (await import("./keys.ts")).listKeys(flags));
  stored(keys.command("revoke"))
    .description("Revokes a key for good.")
    .argument("<id>", "Id of the key: the part before the dot.")
    .action(async (id: string, flags: KeysFlags) =>
      (await import("./keys.ts")).revokeKey(id, flags),
    );
  stored(keys.command("rotate"))
    .description("Gives a key a new secret and prints the whole key.")
    .argument("<id>", "Id of the key: the part before the dot.")
    .option("--overlap <time>", "How long the old secret stays valid, such as 24h.", duration, 0)
    .action(async (id: string, flags: RotateFlags) =>
      (await import("./keys.ts")).rotateKey(id, flags),
    );
}

function addCreate(command: Command): void {
  stored(command)
    .description("Creates a key and prints it once: only the SHA-256 of its secret is stored.")
    .requiredOption("--name <text>", "Owner or purpose of the key.")
    .addOption(
      new Option("--scope <scope>", "Scope of the key. Repeatable.")
        .choices(scopes)
        .argParser(oneScope)
        .makeOptionMandatory(),
    )
    .option(
      "--for-model <name>",
      "Model that the key may use; none means all. Repeatable.",
      collect,
      [],
    )
    .addOption(
      new Option(
        "--priority <priority>",
        "Highest priority of the key's calls: batch makes all of them background work.",
      )
        .choices(["interactive", "batch"] satisfies readonly Priority[])
        .default("interactive"),
    )
    .option(
      "--expires <time>",
      "When the key expires, such as 90d or 12h from now. Default: never.",
      lifetime,
    )
    .option("--requests-per-minute <n>", "Maximum calls per minute.", quota)
    .option("--concurrent-calls <n>", "Maximum concurrent calls.", quota)
    .option("--tokens-per-minute <n>", "Maximum tokens per minute, read and generated.", quota)
    .option("--tokens-per-day <n>", "Maximum tokens per day, read and generated.", quota)
    .action(async (flags: CreateFlags) => (await import("./keys.ts")).createKey(flags));
}

function stored(command: Command): Command {
  return addSettingFlags(command, ["keys"]);
}

/** Replaces the reader of `choices`, which keeps one value only. */
function oneScope(text: string, before: readonly string[] = []): readonly string[] {
  if (scopes.some((scope) => scope === text)) return [...before, text];
  throw new InvalidArgumentError(`Allowed choices are ${scopes.join(", ")}.`);
}
