/** The flags of the contract's `CallOptions`. */
import { type Command, InvalidArgumentError, Option } from "commander";

export interface CallOptionFlags {
  readonly wait?: boolean;
  readonly priority?: "interactive" | "batch";
  readonly user?: string;
  readonly label: Readonly<Record<string, string>>;
  readonly cacheSalt?: string;
}

export function addCallOptionFlags(command: Command): Command {
  const priority = new Option("--priority <how>", "Scheduling priority of the call.");
  return command
    .optionsGroup("Call:")
    .option("--wait", "Waits for a model that is loading, up to --timeout.")
    .addOption(priority.choices(["interactive", "batch"]))
    .option(
      "--user <name>",
      "End user on whose behalf the call is made; users of one key take turns.",
    )
    .option(
      "--label <key=value>",
      "Label for the call's line in the server's log. Repeatable.",
      addLabel,
      {},
    )
    .option("--cache-salt <text>", "Shares cached prompts only with calls of the same salt.");
}

function addLabel(
  text: string,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key !== undefined && value !== undefined) return { ...before, [key]: value };
  throw new InvalidArgumentError('It must look like "key=value".');
}
