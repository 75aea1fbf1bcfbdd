/**
 * The public keys that an issuer states at a URL, asked for by a clock that nobody sets.
 *
 * An issuer that fails is asked again after a pause that grows, whatever tokens come: they are anybody's.
 * Keys that are known serve on for a day, since the tokens that they sign are no worse for an issuer that is
 * away; longer would leave a key in force that the issuer has taken back.
 */
import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from "jose";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

const timeoutMs = 3000;
/** For so long at most, keys that the issuer takes back are in force while it answers. */
const freshMs = 600_000;
/** And while it does not. */
const staleMs = 86_400_000;
/** Tokens of unknown keys have an issuer that answers asked no more often. */
const pauseMs = 30_000;
/** One that fails is asked again after so long, then twice that, up to `pauseMs`. */
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
  /** In a row. */
  #failures = 0;
  #nextMs = -Infinity;
  /** Of its last failure. */
  #error = new Error("the issuer was not asked yet");
  #asking: Promise<void> | undefined;

  constructor(url: URL, parts: IssuerParts) {
    this.#parts = parts;
    // By itself, jose would go by the wall clock: set back by an hour, it would ask an hour late.
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

  /** Rejects where the issuer fails and nothing is known that may still be used. */
  async #freshen(): Promise<void> {
    if (this.#isPast(staleMs)) return this.#ask();
    const isFailing = this.#failures > 0;
    const asked = this.#ask().catch(() => undefined);
    // One that hangs keeps callers once, and not at each further try.
    if (!isFailing) await asked;
  }

  /** Asks once for all who want it at a time; while an issuer that failed is left in peace, rejects as it did. */
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
