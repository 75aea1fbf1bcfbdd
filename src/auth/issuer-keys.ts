/** The public keys that an issuer states at a URL, asked for by a clock that nobody sets. */
import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from "jose";
import type { Clock } from "../base/clock.ts";

const timeoutMs = 3000;
/** For so long at most, keys that the issuer takes back are in force. */
const freshMs = 600_000;
/** Tokens of unknown keys have the issuer asked no more often. */
const pauseMs = 30_000;

export function issuerKeys(url: URL, clock: Clock): JWTVerifyGetKey {
  // By itself, jose would go by the wall clock: set back by an hour, it would ask an hour late.
  const known = createRemoteJWKSet(url, {
    timeoutDuration: timeoutMs,
    cacheMaxAge: Infinity,
    cooldownDuration: Infinity,
  });
  let askedAtMs = -Infinity;
  const ask = async (): Promise<void> => {
    await known.reload();
    askedAtMs = clock.now();
  };
  const isPast = (ms: number): boolean => clock.now() - askedAtMs >= ms;
  return async (header, token) => {
    if (isPast(freshMs)) await ask();
    try {
      return await known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !isPast(pauseMs)) throw error;
      await ask();
      return known(header, token);
    }
  };
}
