/** What a caller may be allowed to do. Methods ask for one each: see `src/auth/methods.ts`. */
export const scopes = ["generate", "embed", "models.read", "models.write", "server.read"] as const;

export type Scope = (typeof scopes)[number];
