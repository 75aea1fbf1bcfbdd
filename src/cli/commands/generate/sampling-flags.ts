/** The flags of the contract's `Sampling`. */
import { type Command, InvalidArgumentError } from "commander";
import { flagName } from "../../../config/settings.ts";
import { count, number } from "../../flags/values.ts";

/** One flag for each scalar of the contract's `Sampling`, by its name there. The server checks ranges. */
const samplingFlags = {
  maxTokens: { value: "n", read: count, help: "Most tokens to generate." },
  temperature: { value: "t", read: number, help: "Randomness from 0 to 2; 0 takes the likeliest." },
  topK: { value: "n", read: count, help: "Keeps the n likeliest tokens; 0 keeps all." },
  topP: { value: "p", read: number, help: "Keeps the likeliest tokens that sum to p." },
  minP: { value: "p", read: number, help: "Drops tokens below p times the likeliest." },
  typicalP: { value: "p", read: number, help: "Keeps tokens of typical information up to p." },
  repetitionPenalty: { value: "x", read: number, help: "Divides logits of tokens seen." },
  presencePenalty: { value: "x", read: number, help: "Lowers logits of tokens seen, once." },
  frequencyPenalty: { value: "x", read: number, help: "Lowers logits for each time seen." },
  penaltyLastN: { value: "n", read: count, help: "Window of the three penalties." },
  minTokens: { value: "n", read: count, help: "Fewest tokens before the model may end." },
} as const;

export type SamplingFlags = { readonly [K in keyof typeof samplingFlags]?: number } & {
  readonly seed?: bigint;
  readonly logitBias: Readonly<Record<string, number>>;
  readonly ignoreEos?: boolean;
};

// Object.keys forgets the type; the table is a literal, so its keys are these.
export const samplingKeys = Object.keys(samplingFlags) as readonly (keyof typeof samplingFlags)[];

export function addSamplingFlags(command: Command): Command {
  command.optionsGroup("Sampling (unset takes the model's own):");
  for (const key of samplingKeys) {
    const { value, read, help } = samplingFlags[key];
    command.option(`${flagName(key)} <${value}>`, help, read);
  }
  return command
    .option("--seed <n>", "Makes a completion repeatable.", seed)
    .option("--logit-bias <token=bias>", "Adds to a token's logit. Repeatable.", addBias, {})
    .option("--ignore-eos", "Goes on past the model's end token.");
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
