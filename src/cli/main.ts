/**
 * The command line: which commands there are, and their flags. What a command does is imported when it
 * runs, so that `--help` and `--version` need a tenth of a second.
 */
import { type Command, Option, program } from "commander";
import { version } from "../base/version.ts";
import type { CallFlags } from "./commands/call.ts";
import type { EmbedFlags } from "./commands/embed.ts";
import { describeFailure, exitCodesHelp } from "./failure.ts";
import {
  addCallFlags,
  addConnectionFlags,
  addSamplingFlags,
  addSettingFlags,
  collect,
  count,
  helpOf,
} from "./flags.ts";
import { addKeys } from "./key-flags.ts";
import type { GenerateFlags } from "./commands/generate.ts";
import type { ModelsFlags } from "./commands/models.ts";
import { say, stopWhenUnread } from "./print.ts";
import type { ServeFlags } from "./commands/serve.ts";

const examples = `
Examples:
  inferd serve --model qwen3-8b.gguf
  inferd generate "Once upon a time" --max-tokens 64
  inferd generate --chat "What can you do?"
  cat notes.txt | inferd embed > vectors.jsonl
  inferd call ListModels
`;

function truncateOption(): Option {
  return new Option(
    "--truncation <where>",
    "Where to cut a text that is too long; none refuses it.",
  )
    .choices(["none", "end", "start"])
    .default("none");
}

function addServe(program: Command): void {
  const command = program
    .command("serve")
    .summary("serve models over gRPC")
    .description(
      "Serves models over gRPC, until SIGTERM or Ctrl-C. Running calls are then finished first; a second signal ends the server at once.",
    )
    .helpGroup("Server:");
  addSettingFlags(command);
  command.action(async (flags: ServeFlags) => (await import("./commands/serve.ts")).serve(flags));
}

function addModels(program: Command): void {
  const models = program
    .command("models")
    .summary("list models on disk, or verify their files")
    .description("Looks at models on disk; needs no server.")
    .helpCommand(false)
    .helpGroup("Server:");
  const flags = (command: Command): Command => {
    addSettingFlags(command, ["models", "model"]);
    return command.option("--json", "Prints one JSON array.");
  };
  flags(models.command("list"))
    .description("Lists models: name, task, engine, size.")
    .action(async (flags: ModelsFlags) => (await import("./commands/models.ts")).listModels(flags));
  flags(models.command("verify"))
    .description("Reads every file of the models and compares its digest with the manifest's.")
    .action(async (flags: ModelsFlags) =>
      (await import("./commands/models.ts")).verifyModels(flags),
    );
}

function addGenerate(program: Command): void {
  const command = program
    .command("generate")
    .summary("generate text")
    .description("Generates text, which goes to standard output as the model makes it.")
    .argument("[prompt]", "Text to continue; - or none reads standard input.")
    .option("-m, --model <name>", "The model; needed where several generate.", "")
    .option("--chat", "Lays the prompt out as a user's message, by the model's chat template.")
    .option("--system <text>", "A system message before it; implies --chat.")
    .option(
      "--stop <text>",
      "Ends the completion where this would appear. Repeatable.",
      collect,
      [],
    )
    .option("--include-prompt", "Prints the prompt first.")
    .addOption(truncateOption())
    .option("--json", "Prints each event of the call as one line of JSON.")
    .helpGroup("Client:");
  addSamplingFlags(command);
  addCallFlags(command);
  addConnectionFlags(command).action(async (prompt: string | undefined, flags: GenerateFlags) =>
    (await import("./commands/generate.ts")).generate(prompt, flags),
  );
}

function addEmbed(program: Command): void {
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
    .addOption(truncateOption())
    .option("--json", "Prints one JSON object a text: index, vector, tokens, error.")
    .helpGroup("Client:");
  addCallFlags(command);
  addConnectionFlags(command).action(async (texts: readonly string[], flags: EmbedFlags) =>
    (await import("./commands/embed.ts")).embed(texts, flags),
  );
}

function addCall(program: Command): void {
  const command = program
    .command("call")
    .summary("call any method of a server, in JSON")
    .description(
      "Calls any method, JSON in and JSON out. Learns the contract from the server's reflection. Without a method, lists them all.",
    )
    .argument("[method]", "Such as inferd.v1.ModelService/ListModels, or just ListModels.")
    .argument("[json]", "The request; - reads standard input. Default: {}.")
    .option(
      "--protoset <file>",
      "Descriptors to go by instead of reflection (buf build -o, protoc -o).",
    )
    .helpGroup("Client:");
  addConnectionFlags(command).action(
    async (method: string | undefined, json: string | undefined, flags: CallFlags) =>
      (await import("./commands/call.ts")).call(method, json, flags),
  );
}

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
  for (const add of [addServe, addModels, addKeys, addGenerate, addEmbed, addCall]) add(program);
  try {
    await program.parseAsync();
  } catch (error) {
    const { exitCode, text } = describeFailure(error);
    if (text !== "") say(text);
    process.exitCode = exitCode;
  }
}

await main();
