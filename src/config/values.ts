/** Readers of single setting values. Each throws a RangeError whose message continues after the setting's name. */
import { resolve } from "node:path";
import { commandIn } from "../base/path.ts";
import { absoluteAddress, unixPathOf } from "../base/unix-path.ts";
import { Secret } from "../base/secret.ts";
import { scopes } from "../contract/scopes.ts";

/** Reads a value from text. `folder` is the base of relative paths. */
export type ReadValue<T> = (text: string, folder: string) => T;

export function wholeNumber(min: number, max: number): ReadValue<number> {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new RangeError(`must be a whole number from ${min} to ${max}, not ${quote(text)}`);
  };
}

export function oneOf<const T extends string>(...values: readonly T[]): ReadValue<T> {
  return (text) => {
    const found = values.find((value) => value === text);
    if (found !== undefined) return found;
    throw new RangeError(`must be one of ${values.join(", ")}, not ${quote(text)}`);
  };
}

/** Any non-empty text. */
export const nonEmpty: ReadValue<string> = (text) => {
  if (text !== "") return text;
  throw new RangeError("must not be empty");
};

/** A path, made absolute. Readers of the file report if it does not exist. */
export const path: ReadValue<string> = (text, folder) => resolve(folder, nonEmpty(text, folder));

/** A program: the name of a command, or, with a slash in it, a path, made absolute. */
export const command: ReadValue<string> = (text, folder) =>
  commandIn(folder, nonEmpty(text, folder));

/** An address to listen on; a path after `unix:` is made absolute. */
export const address: ReadValue<string> = (text, folder) => {
  if (unixPathOf(text) === "") throw new RangeError("must name a socket's path after unix:");
  return absoluteAddress(nonEmpty(text, folder), folder);
};

/** A boolean flag: bare it means true. */
export const truth: ReadValue<boolean> = (text) => oneOf("true", "false")(text, "") === "true";

export const scope = oneOf(...scopes);

/** Where keys are stored. A URL can hold a password. */
export type KeysLocation =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "postgres"; readonly url: Secret };

export const keysLocation: ReadValue<KeysLocation> = (text, folder) => {
  if (/^postgres(ql)?:\/\//.test(text)) return { kind: "postgres", url: new Secret(text) };
  return { kind: "sqlite", path: path(text, folder) };
};

/** Where an issuer's public keys are. */
export type JwksLocation =
  { readonly kind: "file"; readonly path: string } | { readonly kind: "url"; readonly url: string };

const loopbackUrl = /^http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(\/|$)/;

/** Keys from plain http could come from an attacker, so http is for this machine only. */
export const jwksLocation: ReadValue<JwksLocation> = (text, folder) => {
  if (text.startsWith("https://") || loopbackUrl.test(text)) return { kind: "url", url: text };
  if (!/^[a-z]+:\/\//i.test(text)) return { kind: "file", path: path(text, folder) };
  throw new RangeError(`must be an https URL or a file, not ${quote(text)}`);
};

/** Quotes a value, cut short: a mistake must not fill the terminal. */
function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
