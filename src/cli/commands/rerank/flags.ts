/** The flags of `inferd rerank`. Cheap to import, as all flags are. */
import type { Command } from "commander";
import { addCallOptionFlags } from "../../flags/call-options.ts";
import { addConnectionFlags } from "../../flags/connection.ts";
import { truncationOption } from "../../flags/truncation.ts";
import { count } from "../../flags/values.ts";
import type { RerankFlags } from "./rerank.ts";

export function addRerank(program: Command): void {
  const command = program
    .command("rerank")
    .summary("order documents by how well they answer a query")
    .description(
      "Orders documents by how well they answer a query: one per line, the best first, after its score and a tab.",
    )
    .argument("<query>", "The query.")
    .argument("[documents...]", "The documents; - or none reads standard input, one per line.")
    .option("-m, --model <name>", "Name of the model; required if several rerank.", "")
    .option("--top <n>", "Prints only the n best documents.", count)
    .option("--raw-scores", "Prints the model's own numbers.")
    .addOption(truncationOption())
    .option("--json", "Prints one JSON object per document: index, score, document, tokens, error.")
    .helpGroup("Client:");
  addCallOptionFlags(command);
  addConnectionFlags(command).action(
    async (query: string, documents: readonly string[], flags: RerankFlags) =>
      (await import("./rerank.ts")).rerank(query, documents, flags),
  );
}
