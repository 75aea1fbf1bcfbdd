/** Words that carry no topic of their own: a phrase ends at one. */
const stopWords = new Set(
  `a about above after again against all also am among an and any are as at be because been before
  being below between both but by can cannot could did do does doing down during each either even every few
  for from further had has have having he her here hers him his how however i if in into is it its
  itself just may me might more most must my no nor not now of off on once one only or other our ours
  out over own same shall she should so some such than that the their theirs them then there these
  they this those through to too under until up us very was we were what when where which while who
  whom whose why will with within without would yet you your yours`.split(/\s+/),
);

/**
 * Finds a text's key phrases, the best first, by RAKE (Rose et al., 2010): runs of words between stop
 * words and punctuation are candidates, a word counts for how much company it keeps for each time that
 * it appears, and a phrase for the sum of its words.
 */
export function keyPhrases(text: string): string[] {
  const phrases = candidates(text);
  const score = wordScores(phrases);
  const total = (phrase: readonly string[]) =>
    phrase.reduce((sum, word) => sum + (score.get(word) ?? 0), 0);
  const best = phrases.toSorted((a, b) => total(b) - total(a));
  return [...new Set(best.map((phrase) => phrase.join(" ")))];
}

/** The runs of words between stop words and punctuation, in lower case and in the text's order. */
function candidates(text: string): string[][] {
  const phrases: string[][] = [];
  let open: string[] = [];
  for (const [token] of text
    .toLowerCase()
    .matchAll(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*|[^\s]/gu)) {
    if (/^[\p{L}\p{N}]/u.test(token) && !stopWords.has(token)) {
      open.push(token);
    } else {
      phrases.push(open);
      open = [];
    }
  }
  return [...phrases, open].filter((phrase) => phrase.length > 0);
}

/** Each word's mean number of neighbours in a phrase, itself included. */
function wordScores(phrases: readonly (readonly string[])[]): Map<string, number> {
  const seen = new Map<string, { times: number; company: number }>();
  for (const phrase of phrases) {
    for (const word of phrase) {
      const { times, company } = seen.get(word) ?? { times: 0, company: 0 };
      seen.set(word, { times: times + 1, company: company + phrase.length });
    }
  }
  return new Map([...seen].map(([word, { times, company }]) => [word, company / times]));
}
