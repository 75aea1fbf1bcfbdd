/** The load tool's command line. */
import { Command, InvalidArgumentError, Option } from "commander";
import { seededRandom } from "../lib/random.ts";
import { arrivals } from "./arrivals.ts";
import type { DriveOptions, Load } from "./drive.ts";
import type { InferdOptions } from "./inferd.ts";
import { exactly, type PromptShape, type Range, requests } from "./requests.ts";

export interface LoadFlags {
  readonly address: string;
  readonly model: string;
  readonly streams?: number;
  readonly rate?: number;
  readonly arrivals: "poisson" | "constant";
  readonly calls?: number;
  readonly duration?: number;
  readonly warmUp: number;
  readonly promptWords?: Range;
  readonly promptTokens?: Range;
  readonly prompt?: string;
  readonly newTokens: Range;
  readonly temperature: number;
  readonly seed: number;
  readonly cancelAfter?: number;
  readonly readDelay?: number;
  readonly deadline?: number;
  readonly connections: number;
  readonly json: boolean;
}

const about = `Puts a streaming load on GenerationService/GenerateStream and reports time to first token, gaps between tokens, tokens per second, errors and its own CPU.

With --streams, the default, each of some callers begins a call when its last one has ended (closed loop). With --rate, calls begin on their own schedule and latency counts from then, late or not (open loop): a server that stalls cannot hide it.`;

const examples = `
Examples:
  node bench/load.ts --streams 16 --calls 64 --new-tokens 64
  node bench/load.ts --rate 5 --duration 30 --prompt-words 20-200 --new-tokens 16-128
  node bench/load.ts --streams 8 --duration 20 --read-delay 100
  node bench/load.ts --streams 8 --calls 100 --cancel-after 5 --json`;

export function loadCommand(): Command {
  const command = new Command("node bench/load.ts")
    .description(about)
    .addHelpText("after", examples);
  command
    .optionsGroup("Target:")
    .option("-a, --address <host:port>", "The server.", "127.0.0.1:50051")
    .option("-m, --model <name>", "The model; empty for the server's default.", "")
    .option("--connections <n>", "Connections that calls take turns on.", whole(1), 1)
    .option("--deadline <ms>", "Most milliseconds that a call may take.", whole(1));
  command
    .optionsGroup("Load:")
    .addOption(
      new Option("-c, --streams <n>", "Callers of a closed loop. (default: 4)")
        .argParser(whole(1))
        .conflicts("rate"),
    )
    .option("-r, --rate <calls/s>", "Calls that begin each second, in an open loop.", positive)
    .addOption(
      new Option("--arrivals <kind>", "How an open loop's calls are spaced.")
        .choices(["poisson", "constant"])
        .default("poisson"),
    )
    .option(
      "-n, --calls <n>",
      "Calls in all. (default, without --duration: 4 for each caller)",
      whole(1),
    )
    .option(
      "-d, --duration <s>",
      "Seconds in which calls begin; a closed loop cuts its last calls off then. (default, with --rate: 10)",
      positive,
    )
    .option("--warm-up <n>", "Calls before, one by one, that do not count.", whole(0), 1)
    .option("--cancel-after <n>", "Cancels each call after n messages with tokens.", whole(1))
    .option("--read-delay <ms>", "Reads slowly: waits after each message.", whole(1));
  return addRequestFlags(command).option(
    "--json",
    "Prints one JSON line instead of a table.",
    false,
  );
}

function addRequestFlags(command: Command): Command {
  return command
    .optionsGroup("Requests:")
    .addOption(
      new Option("--prompt-words <n[-m]>", "Words of each prompt. (default: 32)")
        .argParser(range)
        .conflicts(["promptTokens", "prompt"]),
    )
    .addOption(
      new Option("--prompt-tokens <n[-m]>", "Sends so many random token ids instead.")
        .argParser(range)
        .conflicts("prompt"),
    )
    .option("--prompt <text>", "Sends this prompt in every call.")
    .addOption(
      new Option("--new-tokens <n[-m]>", "Tokens to generate; the end token is ignored.")
        .argParser(range)
        .default(exactly(64), "64"),
    )
    .option("--temperature <t>", "Randomness of the choice of tokens.", Number, 0.8)
    .option("--seed <n>", "Makes prompts, lengths and arrivals repeatable.", whole(0), 1)
    .optionsGroup("Other:");
}

export function inferdOptions(flags: LoadFlags): InferdOptions {
  const { address, model, temperature, connections, deadline, readDelay } = flags;
  return {
    address,
    model,
    temperature,
    connections,
    ...(deadline !== undefined && { deadlineMs: deadline }),
    ...(readDelay !== undefined && { readDelayMs: readDelay }),
  };
}

export function driveOptions(flags: LoadFlags): Omit<DriveOptions, "clock"> {
  const { seed, newTokens, calls, duration, cancelAfter } = flags;
  const load = loadOf(flags);
  const isBounded = calls !== undefined || duration !== undefined;
  return {
    load,
    calls: calls ?? (load.kind === "closed" && !isBounded ? load.streams * 4 : Infinity),
    durationMs: (duration ?? (isBounded || load.kind === "closed" ? Infinity : 10)) * 1000,
    request: requests({ prompt: promptShape(flags), newTokens, seed }),
    ...(cancelAfter !== undefined && { cancelAfter }),
  };
}

function loadOf({ rate, streams, arrivals: kind, seed }: LoadFlags): Load {
  if (rate === undefined) return { kind: "closed", streams: streams ?? 4 };
  return { kind: "open", arrivalsMs: arrivals(kind, rate, seededRandom(seed)) };
}

function promptShape({ prompt, promptTokens, promptWords }: LoadFlags): PromptShape {
  if (prompt !== undefined) return { kind: "text", text: prompt };
  if (promptTokens !== undefined) return { kind: "tokens", tokens: promptTokens };
  return { kind: "words", words: promptWords ?? exactly(32) };
}

function whole(least: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a number above 0.");
}

/** Reads `64`, or `16-128` for a length drawn evenly from it. */
function range(text: string): Range {
  const [, from = "", to = from] = /^(\d{1,7})(?:-(\d{1,7}))?$/.exec(text) ?? [];
  const [least, most] = [Number(from), Number(to)];
  if (from !== "" && least >= 1 && least <= most) return { least, most };
  throw new InvalidArgumentError("It must be a number, or two as in 16-128.");
}
