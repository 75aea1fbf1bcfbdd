import { ServeError } from "../base/errors.ts";
import type { Priority } from "../base/priority.ts";
import type { Scope } from "../contract/scopes.ts";
import type { Need } from "../contract/methods.ts";
import type { Quota } from "./quota.ts";

/** Who calls, as a credential proved it, and what they may do. */
export interface Principal {
  /** `key:ID`, `jwt:SUBJECT`, a SPIFFE ID or `subject:NAME`: never empty. */
  readonly id: string;
  readonly scopes: readonly Scope[];
  /** Empty for all. */
  readonly models: readonly string[];
  /** The most urgent that its jobs may be. */
  readonly priority: Priority;
  readonly quota: Quota;
}

/** Throws NOT_ALLOWED where the principal lacks what a method needs; undefined needs what nobody has. */
export function mustBeAllowed(
  { scopes }: Principal,
  need: Exclude<Need, "open"> | undefined,
): void {
  const scope = need === "reflection" ? "server.read" : need;
  if (scope === undefined) {
    throw new ServeError("NOT_ALLOWED", "nobody may call this method: no scope is set for it");
  }
  if (scopes.includes(scope)) return;
  const message = `this credential has no scope ${scope}, which the method needs`;
  throw new ServeError("NOT_ALLOWED", message, { facts: { scope } });
}

export function mayUse({ models }: Principal, model: string): boolean {
  return models.length === 0 || models.includes(model);
}
