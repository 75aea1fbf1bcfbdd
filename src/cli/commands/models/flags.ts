/** The flags of `inferd models`. Cheap to import, as all flags are. */
import type { Command } from "commander";
import { addSettingFlags } from "../../flags/settings.ts";
import type { ModelsFlags } from "./models.ts";

export function addModels(program: Command): void {
  const models = program
    .command("models")
    .summary("list models on disk, or verify their files")
    .description("Lists models on disk or verifies their files; needs no server.")
    .helpCommand(false)
    .helpGroup("Server:");
  addPlaces(models.command("list"))
    .description("Lists models: name, task, engine, size.")
    .action(async (flags: ModelsFlags) => (await import("./models.ts")).listModels(flags));
  addPlaces(models.command("verify"))
    .description("Reads every file of the models and compares its digest with the manifest's.")
    .action(async (flags: ModelsFlags) => (await import("./models.ts")).verifyModels(flags));
}

/** Where models are found, and the output format. */
function addPlaces(command: Command): Command {
  return addSettingFlags(command, ["models", "model"]).option("--json", "Prints one JSON array.");
}
