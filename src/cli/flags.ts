/** The flags of all commands, in groups that commands share. Light to import: `--help` needs no more. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { Secret } from "../base/secret.ts";
import { settingKeys } from "../config/config.ts";
import type { Setting } from "../config/setting.ts";
import {
  environmentName,
  flagName,
  type SettingKey,
  settings,
  valueText,
} from "../config/settings.ts";

/** Adds a flag for each of the settings; their values are read when all sources are known. */
export function addSettingFlags(command: Command, keys: readonly SettingKey[] = settingKeys): void {
  for (const key of keys) {
    const setting: Setting = settings[key];
    const option = new Option(`${flagName(key)} ${valueText(setting)}`, describe(key, setting));
    if (setting.preset !== undefined) option.preset(setting.preset);
    if (setting.repeats === true) option.argParser(collect);
    command.addOption(option.helpGroup(`${setting.group}:`));
  }
  command.addOption(
    new Option("--config <file>", "YAML file with settings, as in: max_tokens: 1024")
      .env("INFERD_CONFIG")
      .helpGroup("Other:"),
  );
}

function describe(key: SettingKey, setting: Setting): string {
  const fallback = setting.defaultText ?? String(setting.default);
  return `${setting.help} [${environmentName(key)}] (default: ${fallback})`;
}

/** An option's text in `--help`: what it means, then its variable, what it may be, and its default. */
export function helpOf({ description, envVar, argChoices, defaultValue }: Option): string {
  const notes = [
    ...(argChoices === undefined ? [] : [argChoices.join(", ")]),
    ...(typeof defaultValue === "string" && defaultValue !== ""
      ? [`default: ${defaultValue}`]
      : []),
  ];
  return [
    description,
    ...(envVar === undefined ? [] : [`[${envVar}]`]),
    ...(notes.length === 0 ? [] : [`(${notes.join("; ")})`]),
  ].join(" ");
}

export interface ConnectionFlags {
  readonly address: string;
  readonly timeout?: number;
  readonly header: readonly Header[];
  readonly apiKey?: Secret;
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

export type Header = readonly [name: string, value: string];

/** Adds the flags of a command that calls a server. */
export function addConnectionFlags(command: Command): Command {
  const address = new Option("-a, --address <host:port>", "The server; unix:/path works too.")
    .env("INFERD_ADDRESS")
    .default(`${settings.host.default}:${settings.port.default}`);
  return command
    .optionsGroup("Connection:")
    .addOption(address)
    .option("--timeout <seconds>", "Most seconds that the call may take.", seconds)
    .option("-H, --header <name:value>", "Metadata to send. Repeatable.", addHeader, [])
    .addOption(
      new Option(
        "--api-key <key>",
        "The key to call with; better as a variable, which others do not see.",
      )
        .env("INFERD_API_KEY")
        .argParser(secret),
    )
    .option("--tls", "Connects by TLS, with the system's certificate authorities.")
    .addOption(
      new Option(
        "--tls-ca <file>",
        "Certificate authorities to trust instead, PEM; implies --tls.",
      ).env("INFERD_TLS_CA"),
    )
    .option("--tls-cert <file>", "The client's certificate for mutual TLS, PEM; implies --tls.")
    .option("--tls-key <file>", "Its private key, PEM.");
}

/** What the contract's `CallOptions` say. */
export interface CallFlags {
  readonly wait?: boolean;
  readonly priority?: "interactive" | "batch";
  readonly user?: string;
  readonly label: Readonly<Record<string, string>>;
  readonly cacheSalt?: string;
}

export function addCallFlags(command: Command): Command {
  const priority = new Option("--priority <how>", "How urgent the call is.");
  return command
    .optionsGroup("Call:")
    .option("--wait", "Waits for a model that is loading, up to --timeout.")
    .addOption(priority.choices(["interactive", "batch"]))
    .option("--user <name>", "The end user whom it is for; users of one key take turns.")
    .option("--label <key=value>", "For its line in the server's log. Repeatable.", addLabel, {})
    .option("--cache-salt <text>", "Shares remembered prompts with calls of this salt only.");
}

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

/** A commander reader that keeps every value of a repeated flag. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It must be a number.");
}

/** A whole number that the contract's uint32 can carry. */
export function count(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value <= 0xffff_ffff) return value;
  throw new InvalidArgumentError("It must be a whole number from 0 to 4294967295.");
}

/** A whole number that the contract's int64 can carry. */
function seed(text: string): bigint {
  const value = /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
  if (value !== undefined && BigInt.asIntN(64, value) === value) return value;
  throw new InvalidArgumentError("It must be a whole number of 64 bits.");
}

/** A variable that is set and empty counts as unset, as settings' do. */
function secret(text: string): Secret | undefined {
  if (text === "") return undefined;
  if (/^[\x21-\x7e]+$/.test(text)) return new Secret(text);
  throw new InvalidArgumentError("It must be printable, without spaces.");
}

function seconds(text: string): number {
  const value = number(text);
  if (value > 0 && value <= 86_400) return value;
  throw new InvalidArgumentError("It must be above 0 and at most 86400.");
}

function addLabel(
  text: string,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key !== undefined && value !== undefined) return { ...before, [key]: value };
  throw new InvalidArgumentError('It must look like "key=value".');
}

function addHeader(text: string, before: readonly Header[]): readonly Header[] {
  const [, name, value] = /^([0-9A-Za-z._-]+):\s*(.*)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [...before, [name.toLowerCase(), value]];
  throw new InvalidArgumentError('It must look like "name: value".');
}

function addBias(text: string, before: SamplingFlags["logitBias"]): SamplingFlags["logitBias"] {
  const [token = "", bias = ""] = text.split("=");
  return { ...before, [count(token)]: number(bias) };
}
