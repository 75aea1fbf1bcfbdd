import { serveFunctions } from "inferd/engine/functions";

/** As many calls at once as the client begins, so that none waits in a queue: the peers have none. */
const slots = 64;

export const load = serveFunctions({
  slots,
  *generate({ prompt }) {
    const count = Number(prompt);
    for (let index = 0; index < count; index += 1) yield `${index}\n`;
  },
});
