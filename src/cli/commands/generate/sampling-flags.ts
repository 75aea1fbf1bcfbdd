/** The flags of the contract's `Sampling`. */
import { type Command, InvalidArgumentError } from "commander";
import { flagName } from "../../../config/settings.ts";
import { count, number } from "../../flags/values.ts";

/** One flag for each scalar of the contract's `Sampling`, by its name there. The server checks ranges. */
const samplingFlags = {
  maxTokens: { value: "n", read: count, help: "Maximum tokens to generate." },
  temperature: {
    value: "t",
    read: number,
    help: "Randomness from 0 to 2; 0 takes the likeliest token.",
  },
  topK: { value: "n", read: count, help: "Keeps the n likeliest tokens; 0 keeps all." },
  topP: {
    value: "p",
    read: number,
    help: "Keeps the likeliest tokens whose probabilities sum to p.",
  },
  minP: { value: "p", read: number, help: "Drops tokens less likely than p times the likeliest." },
  typicalP: {
    value: "p",
    read: number,
    help: "Keeps tokens of typical information content up to p.",
  },
  repetitionPenalty: {
    value: "x",
    read: number,
    help: "Divides the logits of tokens already seen.",
  },
  presencePenalty: {
    value: "x",
    read: number,
    help: "Lowers the logits of tokens already seen, once.",
  },
  frequencyPenalty: {
    value: "x",
    read: number,
    help: "Lowers the logits of tokens for each time seen.",
  },
  penaltyLastN: {
    value: "n",
    read: count,
    help: "Number of last tokens that the penalties consider.",
  },
  minTokens: { value: "n", read: count, help: "Minimum tokens before the model may end." },
} as const;

export type SamplingFlags = { readonly [K in keyof typeof samplingFlags]?: number } & {
  readonly seed?: bigint;
  readonly logitBias: Readonly<Record<string, number>>;
  readonly ignoreEos?: boolean;
};

// Object.keys forgets the type; the table is a literal, so its keys are these.
export const samplingKeys = Object.keys(samplingFlags) as readonly (keyof typeof samplingFlags)[];

export function addSamplingFlags(command: Command): Command {
  command.optionsGroup("Sampling (default: the model's own):");
  for (const key of samplingKeys) {
    const { value, read, help } = samplingFlags[key];
    command.option(`${flagName(key)} <${value}>`, help, read);
  }
  return command
    .option("--seed <n>", "Seed, which makes a completion repeatable.", seed)
    .option("--logit-bias <token=bias>", "Adds to the logit of a token. Repeatable.", addBias, {})
    .option("--ignore-eos", "Continues past the model's end token.");
}

/** A whole number that the contract's int64 can carry. */
function seed(text: string): bigint {
  const value = /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
  if (value !== undefined && BigInt.asIntN(64, value) === value) return value;
  throw new InvalidArgumentError("It must be a whole number of 64 bits.");
}

function addBias(text: string, before: SamplingFlags["logitBias"]): SamplingFlags["logitBias"] {
  const [token = "", bias = ""] = text.split("=");
  return { ...before, [count(token)]: number(bias) };
}
