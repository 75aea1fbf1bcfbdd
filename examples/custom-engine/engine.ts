import { serveFunctions } from "inferd/engine/functions";
import { keyPhrases } from "./key-phrases.ts";

/** Serves a plain function: the prompt is a text, each piece of the answer one of its key phrases. */
export const load = serveFunctions({
  *generate({ prompt }) {
    for (const phrase of keyPhrases(prompt)) yield `${phrase}\n`;
  },
});
