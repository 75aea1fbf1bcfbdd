/** The flags of `inferd generate`. Light to import, as all flags are. */
import type { Command } from "commander";
import { addCallOptionFlags } from "../../flags/call-options.ts";
import { addConnectionFlags } from "../../flags/connection.ts";
import { truncationOption } from "../../flags/truncation.ts";
import { collect } from "../../flags/values.ts";
import type { GenerateFlags } from "./generate.ts";
import { addSamplingFlags } from "./sampling-flags.ts";

export function addGenerate(program: Command): void {
  const command = program
    .command("generate")
    .summary("generate text")
    .description("Generates text, which goes to standard output as the model makes it.")
    .argument("[prompt]", "Text to continue; - or none reads standard input.")
    .option("-m, --model <name>", "The model; needed where several generate.", "")
    .option("--chat", "Lays the prompt out as a user's message, by the model's chat template.")
    .option("--system <text>", "A system message before it; implies --chat.")
    .option(
      "--stop <text>",
      "Ends the completion where this would appear. Repeatable.",
      collect,
      [],
    )
    .option("--include-prompt", "Prints the prompt first.")
    .addOption(truncationOption())
    .option("--json", "Prints each event of the call as one line of JSON.")
    .helpGroup("Client:");
  addSamplingFlags(command);
  addCallOptionFlags(command);
  addConnectionFlags(command).action(async (prompt: string | undefined, flags: GenerateFlags) =>
    (await import("./generate.ts")).generate(prompt, flags),
  );
}
