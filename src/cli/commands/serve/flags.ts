/** The flags of `inferd serve`. Cheap to import, as all flags are. */
import type { Command } from "commander";
import { addSettingFlags } from "../../flags/settings.ts";
import type { ServeFlags } from "./serve.ts";

export function addServe(program: Command): void {
  const command = program
    .command("serve")
    .summary("serve models over gRPC")
    .description(
      "Serves models over gRPC until SIGTERM or Ctrl-C. Running calls finish first; a second signal ends the server at once.",
    )
    .helpGroup("Server:");
  command.argument("[model...]", "Models to serve, as --model names them.");
  addSettingFlags(command).action(async (paths: readonly string[], flags: ServeFlags) =>
    (await import("./serve.ts")).serve(withModels(flags, paths)),
  );
}

/** Paths come after those of `--model`. */
function withModels(flags: ServeFlags, paths: readonly string[]): ServeFlags {
  return paths.length === 0 ? flags : { ...flags, model: [flags.model ?? [], paths].flat() };
}
