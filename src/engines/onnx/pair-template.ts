/**
 * What a tokenizer puts around two texts, and where: found from what it makes of a pair. So each text can be tokenized
 * alone, the query of many documents once, and cut before the two are put together.
 */
import type { PairTemplate } from "../texts/pairs.ts";
import type { Encoding, PairEncoding, PairVocabulary, Vocabulary } from "./vocabulary.ts";

interface Special {
  readonly ids: readonly number[];
  readonly types: readonly number[];
}

/** The token ids of a text alone, without special tokens. */
type Part = readonly number[];

/** Pairs by which a template is found and tried. */
const samples: readonly (readonly [string, string])[] = [
  ["a", "a"],
  ["a b", "a"],
  ["a", "a b, 1"],
];

/** Fails if the tokenizer does anything else with a pair than to put tokens around two texts. */
export async function pairTemplate(vocabulary: Vocabulary & PairVocabulary): Promise<PairTemplate> {
  const pairs = await Promise.all(samples.map(([a, b]) => vocabulary.encode(a, b)));
  const [alone] = await vocabulary.encodeBatch(["a"]);
  const [pair] = pairs;
  if (pair === undefined || alone === undefined) throw new Error(unknown);
  const template = templateOf(pair, alone);
  for (const encoding of pairs) {
    const { ids, types } = template.join(partOf(encoding, 0), partOf(encoding, 1));
    if (isSame(ids, encoding.getIds()) && isSame(types, encoding.getTypeIds())) continue;
    throw new Error(unknown);
  }
  return template;
}

const unknown =
  "tokenizer.json: post_processor makes something else of a pair of texts than both with special tokens around them, which inferd does not";

function templateOf(pair: PairEncoding, alone: Encoding): PairTemplate {
  const sequences = pair.getSequenceIds().map((id) => id ?? undefined);
  const [ids, types] = [pair.getIds(), pair.getTypeIds()];
  const first = { start: sequences.indexOf(0), end: sequences.lastIndexOf(0) + 1 };
  const second = { start: sequences.indexOf(1), end: sequences.lastIndexOf(1) + 1 };
  if (first.start < 0 || second.start < first.end) throw new Error(unknown);
  const special = (start: number, end: number): Special => ({
    ids: ids.slice(start, end),
    types: types.slice(start, end),
  });
  const before = special(0, first.start);
  const between = special(first.end, second.start);
  const after = special(second.end, ids.length);
  const mask = alone.getSpecialTokensMask();
  const typesOf = (part: Part, at: number): number[] => part.map(() => types[at] ?? 0);
  return {
    added: before.ids.length + between.ids.length + after.ids.length,
    single: { before: mask.indexOf(0), after: mask.length - mask.lastIndexOf(0) - 1 },
    join: (a, b) => ({
      ids: [...before.ids, ...a, ...between.ids, ...b, ...after.ids],
      types: [
        ...before.types,
        ...typesOf(a, first.start),
        ...between.types,
        ...typesOf(b, second.start),
        ...after.types,
      ],
    }),
  };
}

function partOf(encoding: PairEncoding, sequence: number): Part {
  const sequences = encoding.getSequenceIds();
  return encoding.getIds().filter((_, place) => sequences[place] === sequence);
}

const isSame = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((id, place) => id === b[place]);
