import type { PairTemplate } from "../../texts/pairs.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { aroundOf } from "./tokens.ts";

/** A query and a document as llama-server puts them together: begin, query, end, separator, document, end. */
export function pairTemplate(tokenizer: Tokenizer): PairTemplate {
  const { bos, eos, sep, addsBos, addsEos, addsSep } = tokenizer;
  const ends = addsEos ? [eos < 0 ? sep : eos] : [];
  const begin = addsBos ? [bos] : [];
  const between = [...ends, ...(addsSep ? [sep] : [])];
  const { before, behind } = aroundOf(tokenizer);
  return {
    added: begin.length + between.length + ends.length,
    single: { before: before.length, after: behind.length },
    join: (first, second) => ({
      ids: [...begin, ...first, ...between, ...second, ...ends],
      types: [],
    }),
  };
}
