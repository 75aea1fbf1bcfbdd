/** Permissions of callers. Each method requires one: see `src/auth/methods.ts`. */
export const scopes = ["generate", "embed", "models.read", "models.write", "server.read"] as const;

export type Scope = (typeof scopes)[number];
