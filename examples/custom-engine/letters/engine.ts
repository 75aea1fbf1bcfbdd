import { serveFunctions } from "inferd/engine/functions";

const letters = "abcdefghijklmnopqrstuvwxyz".split("");

/** Serves a plain function: a text's vector says how often it has each letter. */
export const load = serveFunctions({
  dimensions: letters.length,
  embed: (texts) => texts.map((text) => letters.map((letter) => countOf(letter, text))),
});

const countOf = (letter: string, text: string): number =>
  text.toLowerCase().split(letter).length - 1;
