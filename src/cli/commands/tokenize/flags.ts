/** The flags of `inferd tokenize` and `inferd detokenize`. Cheap to import, as all flags are. */
import type { Command } from "commander";
import { addCallOptionFlags } from "../../flags/call-options.ts";
import { addConnectionFlags } from "../../flags/connection.ts";
import type { DetokenizeFlags } from "./detokenize.ts";
import type { TokenizeFlags } from "./tokenize.ts";

export function addTokenize(program: Command): void {
  const command = program
    .command("tokenize")
    .summary("show the tokens of a text")
    .description("Shows the tokens that a model reads a text as: one a line, its id and its text.")
    .argument("[text]", "The text; - or none reads standard input.")
    .option("-m, --model <name>", "Name of the model, of any task.", "")
    .option("--chat", "Takes the text as a user's message, and formats it as a chat.")
    .option("--no-special", "Leaves out the tokens that the model puts around a text.")
    .option("--parse-special", "Reads text that spells a control token as that token.")
    .option("--count", "Prints only how many there are.")
    .option("--ids", "Prints only the ids, in one line.")
    .option("--json", "Prints the response as JSON.")
    .helpGroup("Client:");
  addCallOptionFlags(command);
  addConnectionFlags(command).action(async (text: string | undefined, flags: TokenizeFlags) =>
    (await import("./tokenize.ts")).tokenize(text, flags),
  );
}

export function addDetokenize(program: Command): void {
  const command = program
    .command("detokenize")
    .summary("show the text of tokens")
    .description("Shows the text that tokens stand for.")
    .argument("[ids...]", "Their ids; - or none reads standard input.")
    .option("-m, --model <name>", "Name of the model, of any task.", "")
    .option("--skip-special", "Leaves control tokens out.")
    .option("--json", "Prints the response as JSON.")
    .helpGroup("Client:");
  addCallOptionFlags(command);
  addConnectionFlags(command).action(async (ids: readonly string[], flags: DetokenizeFlags) =>
    (await import("./detokenize.ts")).detokenize(ids, flags),
  );
}
