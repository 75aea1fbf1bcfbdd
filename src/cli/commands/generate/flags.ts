/** The flags of `inferd generate`. Cheap to import, as all flags are. */
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
    .description("Generates text and prints it as the model produces it.")
    .argument("[prompt]", "Text to continue; - or none reads standard input.")
    .option("-m, --model <name>", "Name of the model; required if several generate text.", "")
    .option("--chat", "Sends the prompt as a user message, formatted by the model's chat template.")
    .option("--system <text>", "System message before the prompt; implies --chat.")
    .option("--stop <text>", "Stop sequence, which ends the completion. Repeatable.", collect, [])
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
