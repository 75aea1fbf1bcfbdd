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
  addSettingFlags(command).action(async (flags: ServeFlags) =>
    (await import("./serve.ts")).serve(flags),
  );
}
