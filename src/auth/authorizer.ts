/**
 * Authorizes calls: authenticates the caller, checks its scopes, and limits what it may use. Every rejection is audited
 * here and nowhere else. No line holds a credential.
 */
import type { Clock } from "../base/clock.ts";
import { ServeError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Caller } from "../calls/call.ts";
import { methods } from "../contract/methods.ts";
import { authenticate, type Credentials, type CredentialSources } from "./authenticate.ts";
import { type Account, QuotaUsage } from "./usage.ts";
import { mayUse, mustBeAllowed, type Principal } from "./principal.ts";
import type { Quota } from "./quota.ts";
import { DenialLog } from "./denial-log.ts";

/** A call at its arrival: its headers and its connection. */
export interface CallMetadata extends Credentials {
  /** The full method name without a leading slash. */
  readonly method: string;
  readonly requestId?: string | undefined;
  /** The client's address, without its port. */
  readonly host: string;
}

/** A caller that was let in, for the duration of one call. */
export interface Permit extends Caller {
  /** Ends the call; safe to call again. */
  readonly end: () => void;
}

export interface AuthorizerOptions {
  /** Undefined if no credential is required. */
  readonly sources: CredentialSources | undefined;
  readonly isReflectionOpen: boolean;
  readonly quota: () => Quota;
  readonly clock: Clock;
  /** The wall clock. */
  readonly wallMs: () => number;
  readonly log: Log;
}

export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #usage: QuotaUsage;
  readonly #denials: DenialLog;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
    this.#usage = new QuotaUsage(options.clock);
    this.#denials = new DenialLog(options);
  }

  /** Rejects with the ServeError that the call ends with. */
  async admit(call: CallMetadata): Promise<Permit> {
    const need = methods.get(call.method)?.needs;
    if (need === "open") return this.#openPermit(call);
    if (need === "reflection" && this.#options.isReflectionOpen) return openPermit(call.host);
    let caller: string | undefined;
    try {
      const principal = await this.#principalOf(call, (proved) => (caller = proved));
      if (principal === undefined && need !== undefined) return openPermit(call.host);
      mustBeAllowed(principal ?? anonymous, need);
      return this.#permit(principal ?? anonymous, call);
    } catch (thrown) {
      throw this.#refused(ServeError.from(thrown), call, caller);
    }
  }

  /** The health of the process is public. That of models requires the permission to read them. */
  #openPermit(call: CallMetadata): Permit {
    const readable = async (): Promise<(model: string) => boolean> => {
      let caller: string | undefined;
      try {
        const principal = await this.#principalOf(call, (proved) => (caller = proved));
        return principal === undefined ? () => true : readableBy(principal);
      } catch (thrown) {
        const error = ServeError.from(thrown);
        // Probes send no credential, and often. A client that sends a bad one may be guessing.
        if (error.reason !== "NO_CREDENTIAL") this.#refused(error, call, caller);
        return () => false;
      }
    };
    return { ...openPermit(call.host), readable };
  }

  /** Writes audit lines now that would be written later, and stops waiting. */
  close(): void {
    this.#denials.flush();
  }

  async #principalOf(
    call: CallMetadata,
    proved: (caller: string) => void,
  ): Promise<Principal | undefined> {
    const { sources, wallMs, quota } = this.#options;
    if (sources === undefined) return undefined;
    return authenticate(call, sources, { nowMs: wallMs(), quota: quota(), proved });
  }

  #permit(principal: Principal, call: CallMetadata): Permit {
    const account: Account = principal;
    const guarded = <T>(act: () => T): T => {
      try {
        return act();
      } catch (thrown) {
        throw this.#refused(ServeError.from(thrown), call, principal.id);
      }
    };
    const end = this.#usage.begin(account);
    return {
      id: principal.id,
      cacheScope: principal.id,
      sees: (model) => mayUse(principal, model),
      readable: () => Promise.resolve(readableBy(principal)),
      use: (model) => {
        if (!mayUse(principal, model)) guarded(() => refuseModel(model));
      },
      priority: principal.priority,
      reserve: (estimate) => guarded(() => this.#usage.reserve(account, estimate)),
      end,
    };
  }

  #refused(
    error: ServeError,
    { method, host, requestId }: CallMetadata,
    caller: string | undefined,
  ): ServeError {
    const { code, reason } = error;
    const who = caller === undefined ? {} : { caller };
    const cause = code === "INTERNAL" ? { error: error.cause } : {};
    this.#denials.tell({ method, code, reason, ...who, host, requestId, ...cause });
    return error;
  }
}

const anonymous: Principal = {
  id: "anonymous",
  scopes: [],
  models: [],
  priority: "interactive",
  quota: {},
};

/** As in `ListModels`. */
function readableBy(principal: Principal): (model: string) => boolean {
  const mayRead = principal.scopes.includes("models.read");
  return (model) => mayRead && mayUse(principal, model);
}

function refuseModel(model: string): never {
  const message = "this credential may not use the model";
  throw new ServeError("NOT_ALLOWED", message, { facts: { model } });
}

/** For a call that needs no credential: it may do everything that its method allows. */
export function openPermit(host: string): Permit {
  return {
    id: host,
    cacheScope: "",
    sees: () => true,
    readable: () => Promise.resolve(() => true),
    use: () => undefined,
    priority: "interactive",
    reserve: () => () => undefined,
    end: () => undefined,
  };
}
