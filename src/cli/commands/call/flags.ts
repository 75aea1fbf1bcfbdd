/** The flags of `inferd call`. Cheap to import, as all flags are. */
import type { Command } from "commander";
import { addConnectionFlags } from "../../flags/connection.ts";
import type { CallFlags } from "./call.ts";

export function addCall(program: Command): void {
  const command = program
    .command("call")
    .summary("call any method of a server, in JSON")
    .description(
      "Calls any method, with JSON in and JSON out. Reads the contract by server reflection. Without a method, lists all methods.",
    )
    .argument("[method]", "Such as inferd.v1.ModelService/ListModels, or just ListModels.")
    .argument("[json]", "The request; - reads standard input. Default: {}.")
    .option(
      "--protoset <file>",
      "Descriptor set to use instead of reflection (buf build -o, protoc -o).",
    )
    .helpGroup("Client:");
  addConnectionFlags(command).action(
    async (method: string | undefined, json: string | undefined, flags: CallFlags) =>
      (await import("./call.ts")).call(method, json, flags),
  );
}
