/** The flags of `inferd embed`. Light to import, as all flags are. */
import type { Command } from "commander";
import { addCallOptionFlags } from "../../flags/call-options.ts";
import { addConnectionFlags } from "../../flags/connection.ts";
import { truncationOption } from "../../flags/truncation.ts";
import { count } from "../../flags/values.ts";
import type { EmbedFlags } from "./embed.ts";

export function addEmbed(program: Command): void {
  const command = program
    .command("embed")
    .summary("turn texts into vectors")
    .description("Turns texts into vectors: one JSON array of numbers a line, in the texts' order.")
    .argument("[texts...]", "The texts; - or none reads standard input, one text a line.")
    .option("-m, --model <name>", "The model; needed where several embed.", "")
    .option("--prompt-name <name>", 'The model\'s prompt to put before each text; "" for none.')
    .option("--normalize", "Scales vectors to length 1.")
    .option("--no-normalize", "Leaves vectors as long as the model makes them.")
    .option("--dimensions <n>", "Keeps only the first n dimensions.", count)
    .addOption(truncationOption())
    .option("--json", "Prints one JSON object a text: index, vector, tokens, error.")
    .helpGroup("Client:");
  addCallOptionFlags(command);
  addConnectionFlags(command).action(async (texts: readonly string[], flags: EmbedFlags) =>
    (await import("./embed.ts")).embed(texts, flags),
  );
}
