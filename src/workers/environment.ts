import type { Environment } from "../base/environment.ts";

/**
 * The variables that a worker needs for itself. What it starts gets the server's own environment instead: the values
 * that they replace cross with them, in a variable.
 */
const replacedName = "INFERD_REPLACED_VARIABLES";

/** A worker's environment. Pure. */
export function workerEnvironment(server: Environment, own: Environment): Environment {
  const replaced = Object.fromEntries(Object.keys(own).map((name) => [name, server[name] ?? null]));
  return { ...server, ...own, [replacedName]: JSON.stringify(replaced) };
}

/** The server's environment, as it was before. Pure. */
export function serverEnvironment(worker: Environment): Environment {
  const { [replacedName]: replaced = "{}", ...rest } = worker;
  // Only `workerEnvironment` writes it.
  const values = JSON.parse(replaced) as Readonly<Record<string, string | null>>;
  const before = Object.entries(values).map(([name, value]) => [name, value ?? undefined] as const);
  return { ...rest, ...Object.fromEntries(before) };
}
