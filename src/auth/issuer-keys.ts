/**
 * The public keys of an issuer, fetched from a URL, by a monotonic clock.
 *
 * After a failure, the next fetch waits for a growing pause, however many tokens arrive, since attackers can send them.
 * Known keys stay in use for a day while the issuer fails: an outage of the issuer does not make tokens worse. A longer
 * time would keep keys that the issuer has revoked.
 */
import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from "jose";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

const timeoutMs = 3000;
/** Maximum age of keys while the issuer answers. */
const freshMs = 600_000;
/** Maximum age while it does not. */
const staleMs = 86_400_000;
/** Minimum interval between fetches for tokens of unknown keys, while the issuer answers. */
const pauseMs = 30_000;
/** First pause after a failure. It doubles up to `pauseMs`. */
const firstPauseMs = 1000;

export interface IssuerParts {
  readonly clock: Clock;
  readonly log: Log;
}

export function issuerKeys(url: URL, parts: IssuerParts): JWTVerifyGetKey {
  const issuer = new Issuer(url, parts);
  return (header, token) => issuer.find(header, token);
}

class Issuer {
  readonly #parts: IssuerParts;
  readonly #known: ReturnType<typeof createRemoteJWKSet>;
  #answeredAtMs = -Infinity;
  /** Consecutive failures. */
  #failures = 0;
  #nextMs = -Infinity;
  /** Time of the last failure. */
  #error = new Error("the issuer was not asked yet");
  #asking: Promise<void> | undefined;

  constructor(url: URL, parts: IssuerParts) {
    this.#parts = parts;
    // jose itself uses the wall clock: set back by an hour, it would fetch an hour late.
    this.#known = createRemoteJWKSet(url, {
      timeoutDuration: timeoutMs,
      cacheMaxAge: Infinity,
      cooldownDuration: Infinity,
    });
  }

  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (this.#isPast(freshMs)) await this.#freshen();
    try {
      return await this.#known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.#isPast(pauseMs)) throw error;
      await this.#ask();
      return this.#known(header, token);
    }
  };

  #isPast(ms: number): boolean {
    return this.#parts.clock.now() - this.#answeredAtMs >= ms;
  }

  /** Rejects if the issuer fails and no usable keys are known. */
  async #freshen(): Promise<void> {
    if (this.#isPast(staleMs)) return this.#ask();
    const isFailing = this.#failures > 0;
    const asked = this.#ask().catch(() => undefined);
    // An issuer that hangs delays callers once, not at each retry.
    if (!isFailing) await asked;
  }

  /**
   * Fetches once for all that need it at the same time. During the pause after a failure, rejects with that failure.
   */
  #ask(): Promise<void> {
    if (this.#asking !== undefined) return this.#asking;
    if (this.#parts.clock.now() < this.#nextMs) return Promise.reject(this.#error);
    this.#asking = this.#reload().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #reload(): Promise<void> {
    const { clock, log } = this.#parts;
    try {
      await this.#known.reload();
    } catch (error) {
      this.#error = error instanceof Error ? error : new Error(String(error));
      this.#nextMs = clock.now() + Math.min(pauseMs, firstPauseMs * 2 ** this.#failures);
      if (this.#failures === 0) log.warn({ error }, "the tokens' issuer does not give its keys");
      this.#failures += 1;
      throw error;
    }
    if (this.#failures > 0) log.info({}, "the tokens' issuer gives its keys again");
    this.#failures = 0;
    this.#answeredAtMs = clock.now();
  }
}
