/** How a model is called in health: names of services have no colon. */

const prefix = "model:";

export const healthNameOf = (model: string): string => `${prefix}${model}`;

/** The model that a name of health speaks of; undefined for the others, which everybody may know. */
export function modelOfHealthName(name: string): string | undefined {
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}
