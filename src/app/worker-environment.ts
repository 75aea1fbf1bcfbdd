import type { Environment } from "../base/environment.ts";

/** Where keys are kept, a key, and what PostgreSQL's clients read, such as PGPASSWORD. */
const secrets = /^(INFERD_KEYS|INFERD_API_KEY|PG.*)$/;

/** Workers run native code on files from elsewhere: they get no secret that they have no use for. */
export function withoutSecrets(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !secrets.test(name)));
}
