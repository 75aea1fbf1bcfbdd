/** JSON Web Tokens of one issuer, verified by its public keys. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import {
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
} from "jose";
import type { Clock } from "../base/clock.ts";
import { ServeError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Secret } from "../base/secret.ts";
import { errorMessage } from "../base/text.ts";
import { type Scope, scopes } from "../contract/scopes.ts";
import type { JwksLocation } from "../config/values.ts";
import { issuerKeys } from "./issuer-keys.ts";

export interface TokenOptions {
  readonly jwks: JwksLocation;
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  readonly scopesClaim: string;
  readonly modelsClaim: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a token says about its bearer. */
interface TokenClaims {
  readonly subject: string;
  readonly scopes: readonly Scope[];
  readonly models: readonly string[];
}

/** `proved` is called with the caller once the signature is verified, also if the token is then rejected. */
export type ReadToken = (token: Secret, proved?: (subject: string) => void) => Promise<TokenClaims>;

export interface JwtVerifier {
  readonly read: ReadToken;
  /** Reloads a file of keys. If it holds none, the known keys stay in use. A URL is fetched when needed. */
  refresh(): void;
}

// Tolerated difference of clocks.
const toleranceSeconds = 5;

/** Throws an error of one line if a file holds no keys. A URL is fetched for the first token. */
export function openJwtVerifier(options: TokenOptions): JwtVerifier {
  const keys = keysOf(options);
  return { read: readerOf(keys.find, options), refresh: keys.refresh };
}

function readerOf(find: JWTVerifyGetKey, options: TokenOptions): ReadToken {
  const { issuer, audience, algorithms } = options;
  return async (token, proved) => {
    const { payload } = await jwtVerify(token.reveal(), find, {
      issuer,
      audience,
      algorithms: [...algorithms],
      requiredClaims: ["exp", "sub"],
      clockTolerance: toleranceSeconds,
    }).catch((error: unknown) => {
      // Thrown after signature, issuer and audience were verified.
      if (error instanceof errors.JWTExpired) tellSubject(error.payload, proved);
      throw refusal(error);
    });
    tellSubject(payload, proved);
    return claimsOf(payload, options);
  };
}

interface Keys {
  readonly find: JWTVerifyGetKey;
  readonly refresh: () => void;
}

function keysOf({ jwks, clock, log }: TokenOptions): Keys {
  if (jwks.kind === "url") {
    return { find: issuerKeys(new URL(jwks.url), { clock, log }), refresh: () => undefined };
  }
  let current = readKeys(jwks.path);
  return {
    find: (header, token) => current.find(header, token),
    refresh: () => {
      try {
        const read = readKeys(jwks.path);
        if (read.text === current.text) return;
        current = read;
        log.info({ audit: true }, "token keys changed");
      } catch (error) {
        const problem = errorMessage(error);
        log.warn({ audit: true, problem }, "the new token keys are not taken; the old ones stay");
      }
    },
  };
}

interface FileKeys {
  readonly text: string;
  readonly find: JWTVerifyGetKey;
}

function readKeys(path: string): FileKeys {
  try {
    const text = readFileSync(path, "utf8");
    // jose checks what it is given.
    return { text, find: createLocalJWKSet(JSON.parse(text) as JSONWebKeySet) };
  } catch (error) {
    const message = `--jwt-jwks: ${basename(path)} holds no JSON Web Key Set`;
    throw new Error(message, { cause: error });
  }
}

/** An invalid token is the client's mistake. Any other failure is not. */
function refusal(error: unknown): ServeError {
  const isOurs =
    !(error instanceof errors.JOSEError) ||
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    // jose throws it for an HTTP status other than 200, and for a response that is not JSON.
    error.code === "ERR_JOSE_GENERIC";
  if (isOurs) {
    const message = "the token's issuer cannot be asked for its keys now";
    return new ServeError("ISSUER_UNREACHABLE", message, { retryAfterMs: 1000, cause: error });
  }
  return new ServeError("CREDENTIAL_INVALID", "the token is not valid here, or no more", {
    cause: error,
  });
}

function claimsOf(payload: JWTPayload, options: TokenOptions): TokenClaims {
  const subject = payload.sub;
  // jose checks only that it exists. All values that are objects would be one caller.
  if (!isSubject(subject)) {
    throw new ServeError("CREDENTIAL_INVALID", "the token's sub is no text, or an empty one");
  }
  const known = new Set<string>(scopes);
  const given = textsOf(payload[options.scopesClaim]);
  const claimed = payload[options.modelsClaim];
  const models = textsOf(claimed);
  if (claimed !== undefined && models.length === 0) {
    throw new ServeError("CREDENTIAL_INVALID", "the token allows no model");
  }
  return {
    subject,
    scopes: given.filter((scope): scope is Scope => known.has(scope)),
    models,
  };
}

function isSubject(sub: unknown): sub is string {
  return typeof sub === "string" && sub !== "";
}

function tellSubject({ sub }: JWTPayload, proved?: (subject: string) => void): void {
  if (isSubject(sub)) proved?.(sub);
}

function textsOf(claim: unknown): readonly string[] {
  if (typeof claim === "string") return claim.split(" ").filter((text) => text !== "");
  if (!Array.isArray(claim)) return [];
  return claim.filter((item): item is string => typeof item === "string");
}
