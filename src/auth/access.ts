/** Access control according to the configuration: opens keys, tokens and certificates, and follows their changes. */
import { type Clock, wallMs } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { AccessConfig } from "./access-config.ts";
import type { CredentialSources } from "./authenticate.ts";
import { asksForCredentials, checkAccess } from "./start-checks.ts";
import { Authorizer } from "./authorizer.ts";
import { FollowedTlsFiles } from "./tls-files.ts";
import { KeyRing } from "./key-ring.ts";
import { openKeyStore } from "./open-key-store.ts";
import type { Quota } from "./quota.ts";
import type { JwtVerifier } from "./jwt.ts";

export interface Access {
  readonly authorizer: Authorizer;
  /** Undefined for plaintext. */
  readonly tlsFiles: FollowedTlsFiles | undefined;
  /** Applies the quotas of another configuration. Reads keys, the issuer's key file and certificates now. */
  reload(config: AccessConfig): Promise<void>;
  close(): Promise<void>;
}

/** Throws an error of one line that says what is wrong. */
export async function openAccess(config: AccessConfig, log: Log, clock: Clock): Promise<Access> {
  checkAccess(config);
  let quota = quotaOf(config);
  const tokens = await openIssuer(config, log, clock);
  const tlsFiles = openKeyPair(config, log, clock);
  const ring = await openRing(config, log, clock).catch((error: unknown) => {
    tlsFiles?.close();
    throw error;
  });
  const { clientScopes: scopes, clientIds: ids } = config;
  const sources: CredentialSources = {
    findKey: ring && ((id) => ring.find(id)),
    readToken: tokens?.read,
    clients: { scopes, ids },
  };
  const authorizer = new Authorizer({
    sources: asksForCredentials(config) ? sources : undefined,
    isReflectionOpen: config.reflection === "open",
    quota: () => quota,
    clock,
    wallMs,
    log,
  });
  return {
    authorizer,
    tlsFiles,
    reload: async (changed) => {
      quota = quotaOf(changed);
      tlsFiles?.refresh();
      tokens?.refresh();
      await ring?.refresh();
    },
    close: async () => {
      authorizer.close();
      tlsFiles?.close();
      await ring?.close();
    },
  };
}

async function openRing(
  config: AccessConfig,
  log: Log,
  clock: Clock,
): Promise<KeyRing | undefined> {
  if (config.keys === undefined) return undefined;
  const ring = new KeyRing({ store: await openKeyStore(config.keys, "make"), log, clock });
  try {
    await ring.open();
  } catch (error) {
    await ring.close();
    throw error;
  }
  return ring;
}

async function openIssuer(
  config: AccessConfig,
  log: Log,
  clock: Clock,
): Promise<JwtVerifier | undefined> {
  const { jwtJwks: jwks, jwtIssuer: issuer, jwtAudience: audience } = config;
  if (jwks === undefined || issuer === undefined || audience === undefined) return undefined;
  const { openJwtVerifier } = await import("./jwt.ts");
  return openJwtVerifier({
    jwks,
    issuer,
    audience,
    algorithms: config.jwtAlgorithms,
    scopesClaim: config.jwtScopesClaim,
    modelsClaim: config.jwtModelsClaim,
    clock,
    log,
  });
}

function openKeyPair(config: AccessConfig, log: Log, clock: Clock): FollowedTlsFiles | undefined {
  const { tlsCert: cert, tlsKey: key, tlsClientCa: clientCa } = config;
  if (cert === undefined || key === undefined) return undefined;
  return new FollowedTlsFiles({ files: { cert, key, clientCa }, clock, wallMs, log });
}

function quotaOf(config: AccessConfig): Quota {
  return {
    requestsPerMinute: config.quotaRequestsPerMinute,
    concurrentCalls: config.quotaConcurrentCalls,
    tokensPerMinute: config.quotaTokensPerMinute,
    tokensPerDay: config.quotaTokensPerDay,
  };
}
