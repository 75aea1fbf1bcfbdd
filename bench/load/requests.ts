/** Prompts of a chosen length: different for every call, the same for the same seed. */
import { type Random, seededRandom, wholeBetween } from "../lib/random.ts";
import type { Prompt, StreamRequest } from "./target.ts";

export interface Range {
  readonly least: number;
  readonly most: number;
}

/** Always the same. */
export function exactly(count: number): Range {
  return { least: count, most: count };
}

export type PromptShape =
  | { readonly kind: "words"; readonly words: Range }
  /** Token ids, for a length that is exact whatever the model's vocabulary. */
  | { readonly kind: "tokens"; readonly tokens: Range }
  | { readonly kind: "text"; readonly text: string };

/** Ids that any vocabulary has; the first few are often control tokens. */
const idRange: Range = { least: 300, most: 1999 };

const words =
  "the a of model server request stream token worker health probe cluster memory batch vector search query answer document passage river house garden music winter summer engine light paper market doctor school mountain ocean software network database kernel protocol message client deadline retry queue".split(
    " ",
  );

/** The request of each call. No two prompts begin alike, so that no cache can answer for the model. */
export function requests(options: {
  readonly prompt: PromptShape;
  readonly newTokens: Range;
  readonly seed: number;
}): (index: number) => StreamRequest {
  return (index) => {
    const random = seededRandom(options.seed * 1_000_003 + index);
    return {
      prompt: promptOf(options.prompt, random),
      newTokens: within(random, options.newTokens),
      seed: index,
    };
  };
}

/** A sentence of so many words. */
export function sentence(random: Random, count: number): string {
  const text = Array.from({ length: count }, () => words[Math.floor(random() * words.length)]);
  return `${text.join(" ")}.`;
}

function promptOf(shape: PromptShape, random: Random): Prompt {
  switch (shape.kind) {
    case "text":
      return shape;
    case "words":
      return { kind: "text", text: sentence(random, within(random, shape.words)) };
    case "tokens":
      return tokenPrompt(random, within(random, shape.tokens));
  }
}

/** A prompt of so many random tokens. */
export function tokenPrompt(random: Random, count: number): Prompt {
  return { kind: "tokens", ids: tokenIds(random, count) };
}

export function tokenIds(random: Random, count: number): readonly number[] {
  return Array.from({ length: count }, () => within(random, idRange));
}

const within = (random: Random, { least, most }: Range): number =>
  wholeBetween(random, least, most);
