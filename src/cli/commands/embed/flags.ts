/** The flags of `inferd embed`. Cheap to import, as all flags are. */
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
    .description(
      "Turns texts into vectors: one JSON array of numbers per line, in the order of the texts. A sparse vector is an object of numbers by dimension.",
    )
    .argument("[texts...]", "The texts; - or none reads standard input, one text per line.")
    .option(
      "--token-ids",
      "Takes each text as its token ids, separated by spaces or commas; none is added.",
    )
    .option("-m, --model <name>", "Name of the model; required if several embed.", "")
    .option(
      "--prompt-name <name>",
      'Name of the model\'s prompt to put before each text; "" for none.',
    )
    .option("--normalize", "Scales vectors to length 1.")
    .option("--no-normalize", "Leaves the length of vectors as the model computes it.")
    .option("--dimensions <n>", "Keeps only the first n dimensions.", count)
    .option(
      "--max-active-dims <n>",
      "Keeps only the n strongest dimensions of a sparse vector.",
      count,
    )
    .option("--token-vectors", "Prints an array of one vector per token for each text.")
    .addOption(truncationOption())
    .option("--json", "Prints one JSON object per text: index, vector, tokens, error.")
    .helpGroup("Client:");
  addCallOptionFlags(command);
  addConnectionFlags(command).action(async (texts: readonly string[], flags: EmbedFlags) =>
    (await import("./embed.ts")).embed(texts, flags),
  );
}
