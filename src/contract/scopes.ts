import { taskNames } from "../engines/tasks.ts";

/** Permissions of callers. Each method requires one: see `methods.ts`. A task's scope has its name. */
export const scopes = [
  ...taskNames,
  "tokenize",
  "models.read",
  "models.write",
  "server.read",
] as const;

export type Scope = (typeof scopes)[number];

/** The scopes that use models and change nothing of the server. */
export const usingScopes = [...taskNames, "tokenize", "models.read", "server.read"] as const;
