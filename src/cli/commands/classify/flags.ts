/** The flags of `inferd classify`. Cheap to import, as all flags are. */
import type { Command } from "commander";
import { addCallOptionFlags } from "../../flags/call-options.ts";
import { addConnectionFlags } from "../../flags/connection.ts";
import { truncationOption } from "../../flags/truncation.ts";
import { count } from "../../flags/values.ts";
import type { ClassifyFlags } from "./classify.ts";

export function addClassify(program: Command): void {
  const command = program
    .command("classify")
    .summary("give texts the labels of a model")
    .description(
      "Gives texts the labels of a model: one JSON object of labels and scores per line, in the order of the texts.",
    )
    .argument("[texts...]", "The texts; - or none reads standard input, one text per line.")
    .option("-m, --model <name>", "Name of the model; required if several classify.", "")
    .option("--pair <text>", "Text that the model reads after each text, such as a hypothesis.", "")
    .option("--top <n>", "Prints only the n likeliest labels.", count)
    .option("--raw-scores", "Prints the model's own numbers.")
    .addOption(truncationOption())
    .option("--json", "Prints one JSON object per text: index, labels, tokens, error.")
    .helpGroup("Client:");
  addCallOptionFlags(command);
  addConnectionFlags(command).action(async (texts: readonly string[], flags: ClassifyFlags) =>
    (await import("./classify.ts")).classify(texts, flags),
  );
}
