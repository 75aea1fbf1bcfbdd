/**
 * The command line with all commands. The code of a command is imported when it runs, so that `--help` and `--version`
 * take a tenth of a second.
 */
import { program } from "commander";
import { version } from "../base/version.ts";
import { addCall } from "./commands/call/flags.ts";
import { addClassify } from "./commands/classify/flags.ts";
import { addEmbed } from "./commands/embed/flags.ts";
import { addGenerate } from "./commands/generate/flags.ts";
import { addKeys } from "./commands/keys/flags.ts";
import { addModels } from "./commands/models/flags.ts";
import { addRerank } from "./commands/rerank/flags.ts";
import { addServe } from "./commands/serve/flags.ts";
import { addDetokenize, addTokenize } from "./commands/tokenize/flags.ts";
import { describeFailure, exitCodesHelp } from "./failure.ts";
import { helpOf } from "./flags/help.ts";
import { say, stopWhenUnread } from "./print.ts";

const examples = `
Examples:
  inferd serve qwen3-8b.gguf
  inferd serve my_model.py
  inferd generate "Once upon a time" --max-tokens 64
  inferd generate --chat "What can you do?"
  cat notes.txt | inferd embed > vectors.jsonl
  inferd rerank "how to cook rice" < documents.txt
  inferd classify "What a day!"
  inferd tokenize "Once upon a time"
  inferd call ListModels
`;

async function main(): Promise<void> {
  stopWhenUnread();
  program
    .name("inferd")
    .description("Serves language models over typed gRPC contracts, and calls them.")
    .version(version, "-V, --version", "Prints the version.")
    .helpOption("-h, --help", "Prints help.")
    .helpCommand(false)
    .addHelpText("after", `${examples}${exitCodesHelp}`)
    .configureHelp({ optionDescription: helpOf })
    .configureOutput({
      outputError: (text, show) => show(text.replace(/^error: /, "inferd: ")),
    })
    .exitOverride();
  const client = [
    addGenerate,
    addEmbed,
    addRerank,
    addClassify,
    addTokenize,
    addDetokenize,
    addCall,
  ];
  for (const add of [addServe, addModels, addKeys, ...client]) add(program);
  try {
    await program.parseAsync();
  } catch (error) {
    const { exitCode, text } = describeFailure(error);
    if (text !== "") say(text);
    process.exitCode = exitCode;
  }
}

await main();
