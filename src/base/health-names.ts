/** The health name of a model. Names of services have no colon. */

const prefix = "model:";

export const healthNameOf = (model: string): string => `${prefix}${model}`;

/** The model of a health name. Undefined for other names, which are public. */
export function modelOfHealthName(name: string): string | undefined {
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}
