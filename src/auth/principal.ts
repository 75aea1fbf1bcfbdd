import { ServeError } from "../base/errors.ts";
import type { Priority } from "../base/priority.ts";
import type { Scope } from "../contract/scopes.ts";
import type { Need } from "../contract/methods.ts";
import type { Quota } from "./quota.ts";

/** The authenticated caller and its permissions. */
export interface Principal {
  /** `key:ID`, `jwt:SUBJECT`, a SPIFFE ID or `subject:NAME`: never empty. */
  readonly id: string;
  readonly scopes: readonly Scope[];
  /** Empty for all. */
  readonly models: readonly string[];
  /** Highest priority of its jobs. */
  readonly priority: Priority;
  readonly quota: Quota;
}

/** Throws NOT_ALLOWED if the principal lacks the scope that a method needs. No principal has the undefined scope. */
export function mustBeAllowed(
  { scopes }: Principal,
  need: Exclude<Need, "open"> | undefined,
): void {
  const scope = need === "reflection" ? "server.read" : need;
  if (scope === undefined) {
    throw new ServeError("NOT_ALLOWED", "this method cannot be called: no scope is defined for it");
  }
  if (scopes.includes(scope)) return;
  const message = `this credential has no scope ${scope}, which the method needs`;
  throw new ServeError("NOT_ALLOWED", message, { facts: { scope } });
}

export function mayUse({ models }: Principal, model: string): boolean {
  return models.length === 0 || models.includes(model);
}
