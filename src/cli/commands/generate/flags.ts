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
    .option(
      "--continue <text>",
      "Beginning of the answer, which goes on from there; implies --chat.",
    )
    .option(
      "--tools <file>",
      "Functions that may be called, as OpenAI's API takes them; implies --chat.",
    )
    .option("--tool-choice <choice>", "auto, none, required, or the function that must be called.")
    .option(
      "--template-arg <name=value>",
      "Argument of the chat template, such as enable_thinking=false; implies --chat. Repeatable.",
      collect,
      [],
    )
    .option("--stop <text>", "Stop sequence, which ends the completion. Repeatable.", collect, [])
    .option("--include-prompt", "Prints the prompt first.")
    .option("--json-object", "Makes the completion a JSON object.")
    .option("--schema <file>", "Makes it JSON of the JSON Schema in a file.")
    .option("--regex <pattern>", "Makes it text that a regular expression matches.")
    .option("--choice <text>", "Makes it one of the texts given. Repeatable.", collect, [])
    .option("--lark <file>", "Makes it text of the grammar in a file, in Lark's syntax.")
    .option("--gbnf <file>", "Makes it text of the grammar in a file, in llama.cpp's GBNF.")
    .option("--close-at-length", "Keeps it whole where it would be cut off at --max-tokens.")
    .addOption(truncationOption())
    .option("--json", "Prints each event of the call as one line of JSON.")
    .helpGroup("Client:");
  addSamplingFlags(command);
  addCallOptionFlags(command);
  addConnectionFlags(command).action(async (prompt: string | undefined, flags: GenerateFlags) =>
    (await import("./generate.ts")).generate(prompt, flags),
  );
}
