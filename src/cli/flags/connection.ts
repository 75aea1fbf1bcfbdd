/** Flags of a command that calls a server: address, timeout and credentials. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { Secret } from "../../base/secret.ts";
import { settings } from "../../config/settings.ts";
import { number } from "./values.ts";

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

type Header = readonly [name: string, value: string];

/** Adds the flags of a command that calls a server. */
export function addConnectionFlags(command: Command): Command {
  const address = new Option("-a, --address <host:port>", "Address of the server, or unix:/path.")
    .env("INFERD_ADDRESS")
    .default(`${settings.host.default}:${settings.port.default}`);
  return command
    .optionsGroup("Connection:")
    .addOption(address)
    .option("--timeout <seconds>", "Maximum duration of the call.", seconds)
    .option("-H, --header <name:value>", "Metadata to send. Repeatable.", addHeader, [])
    .addOption(
      new Option(
        "--api-key <key>",
        "API key. Prefer the environment variable, which other users cannot see.",
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
    .option("--tls-key <file>", "Private key of --tls-cert, PEM.");
}

/** An empty variable counts as unset, as for settings. */
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

function addHeader(text: string, before: readonly Header[]): readonly Header[] {
  const [, name, value] = /^([0-9A-Za-z._-]+):\s*(.*)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [...before, [name.toLowerCase(), value]];
  throw new InvalidArgumentError('It must look like "name: value".');
}
