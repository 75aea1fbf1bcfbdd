/** Authenticates a caller. A credential that is sent must be valid: an invalid one never counts as none. */
import { ServeError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import type { Scope } from "../contract/scopes.ts";
import { type ClientCertificate, identityOf, isListed } from "./certificate.ts";
import { type KeyRecord, type KeyState, matches, parseKey, stateOf } from "./key.ts";
import type { Principal } from "./principal.ts";
import type { Quota } from "./quota.ts";
import type { ReadToken } from "./jwt.ts";

/** The credentials of a call. */
export interface Credentials {
  readonly authorization?: string | undefined;
  readonly apiKey?: string | undefined;
  /** Undefined if TLS did not ask for one. */
  readonly certificate?: ClientCertificate | undefined;
}

/** Accepted kinds of credentials. Undefined ones are not accepted. */
export interface CredentialSources {
  readonly findKey: ((id: string) => KeyRecord | undefined) | undefined;
  readonly readToken: ReadToken | undefined;
  readonly clients: { readonly scopes: readonly Scope[]; readonly ids: readonly string[] };
}

export interface AuthenticateOptions {
  /** By the wall clock, which decides when keys expire. */
  readonly nowMs: number;
  /** For callers whose credential states no quota. */
  readonly quota: Quota;
  /** Called with the caller as soon as it is proved, also if the call is then rejected. */
  readonly proved?: (caller: string) => void;
}

/** Throws NO_CREDENTIAL, CREDENTIAL_INVALID, NOT_ALLOWED or ISSUER_UNREACHABLE. */
export async function authenticate(
  credentials: Credentials,
  sources: CredentialSources,
  moment: AuthenticateOptions,
): Promise<Principal> {
  const sent = sentText(credentials);
  if (sent !== undefined && (sources.findKey ?? sources.readToken) !== undefined) {
    return byText(sent, sources, moment);
  }
  if (credentials.certificate !== undefined) {
    return byCertificate(credentials.certificate, sources, moment);
  }
  const how = "send authorization: Bearer with a key or token, or x-api-key with a key";
  throw new ServeError("NO_CREDENTIAL", `this server asks for a credential: ${how}`);
}

function sentText({ authorization, apiKey }: Credentials): string | undefined {
  if (authorization === undefined) return apiKey;
  const [, text] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
  if (text === undefined) throw invalid("authorization must be Bearer and a key or a token");
  if (apiKey !== undefined && apiKey !== text) throw invalid("two different credentials were sent");
  return text;
}

async function byText(
  text: string,
  sources: CredentialSources,
  moment: AuthenticateOptions,
): Promise<Principal> {
  // A token has three parts, a key has two.
  if (text.split(".").length === 3) {
    if (sources.readToken === undefined) throw invalid("this server takes keys, no tokens");
    const { quota, proved } = moment;
    const ofBearer = (subject: string): string => `jwt:${subject}`;
    const read = sources.readToken(new Secret(text), (subject) => proved?.(ofBearer(subject)));
    const { subject, scopes, models } = await read;
    return { id: ofBearer(subject), scopes, models, priority: "interactive", quota };
  }
  if (sources.findKey === undefined) throw invalid("this server takes tokens, no keys");
  return byKey(text, sources.findKey, moment);
}

function byKey(
  text: string,
  find: (id: string) => KeyRecord | undefined,
  { nowMs, quota, proved }: AuthenticateOptions,
): Principal {
  const presented = parseKey(text);
  if (presented === undefined) throw invalid("a key has the form id.secret");
  const key = find(presented.id);
  const isRight = matches(key, presented.secret, nowMs);
  const state: KeyState | "unknown" =
    key !== undefined && isRight ? stateOf(key, nowMs) : "unknown";
  // The client gets one message, whatever is wrong: only the owner of the secret may learn more.
  if (key === undefined || state === "unknown") throw invalid("there is no such key");
  const id = `key:${key.id}`;
  proved?.(id);
  if (state !== "active") throw invalid(`this key is ${state}`);
  const { scopes, models, priority = "interactive" } = key;
  return { id, scopes, models, priority, quota: { ...quota, ...key.quota } };
}

function byCertificate(
  certificate: ClientCertificate,
  { clients: { scopes, ids } }: CredentialSources,
  { quota, proved }: AuthenticateOptions,
): Principal {
  const id = identityOf(certificate);
  proved?.(id);
  if (ids.length > 0 && !isListed(id, ids)) {
    throw new ServeError(
      "NOT_ALLOWED",
      "this client certificate is not one of those that may call",
    );
  }
  return { id, scopes, models: [], priority: "interactive", quota };
}

function invalid(message: string): ServeError {
  return new ServeError("CREDENTIAL_INVALID", message);
}
