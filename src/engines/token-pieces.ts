/** What tokens stand for, and where they lie in the text that they were read from: found by their bytes. */
import type { TokenPieces } from "./questions.ts";

/** A token as its vocabulary knows it. */
export interface KnownToken {
  readonly bytes: Uint8Array;
  /** A control token. */
  readonly isSpecial: boolean;
  /** It is looked for before the rest of a text is read, as control tokens are. White space next to it can be part of it. */
  readonly isApart: boolean;
}

/** How many first and last tokens are not of the text. */
export interface AddedTokens {
  readonly before: number;
  readonly after: number;
}

export function piecesOf(
  tokens: readonly KnownToken[],
  places: Uint32Array | undefined,
): TokenPieces {
  let end = 0;
  const ends = Uint32Array.from(tokens, ({ bytes }) => (end += bytes.length));
  const special = Uint8Array.from(tokens, ({ isSpecial }) => Number(isSpecial));
  const bytes = new Uint8Array(end);
  for (const [index, token] of tokens.entries()) {
    bytes.set(token.bytes, (ends[index] ?? 0) - token.bytes.length);
  }
  return { bytes, ends, special, ...(places && { places }) };
}

/** Two for each token: where it begins and ends. Undefined if the tokens do not spell the text. */
export function placesOf(
  text: Uint8Array,
  tokens: readonly KnownToken[],
  { before, after }: AddedTokens,
): Uint32Array | undefined {
  const places: Place[] = Array.from({ length: before }, () => ({ start: 0, end: 0 }));
  for (const run of runsOf(tokens.slice(before, tokens.length - after))) {
    const found = placesOfRun(text, endOf(places), run);
    if (found === undefined) return undefined;
    for (const place of found) places.push(place);
  }
  const end = endOf(places);
  if (skipSpace(text, end) !== text.length) return undefined;
  for (let left = after; left > 0; left -= 1) places.push({ start: end, end });
  return Uint32Array.from(places.flatMap((place) => [place.start, place.end]));
}

const endOf = (places: readonly Place[]): number => places.at(-1)?.end ?? 0;

function placesOfRun(
  text: Uint8Array,
  at: number,
  run: readonly KnownToken[],
): readonly Place[] | undefined {
  if (run[0]?.isApart) return run.map(({ bytes }) => apartPlace(text, at, bytes));
  return placesInARow(text, at, run) ?? placesInARow(text, at, withoutSpace(run));
}

/** Each token that stands apart, and the tokens between two of those. */
function runsOf(tokens: readonly KnownToken[]): readonly (readonly KnownToken[])[] {
  const runs: KnownToken[][] = [];
  for (const token of tokens) {
    const last = runs.at(-1);
    if (token.isApart || last === undefined || last[0]?.isApart) runs.push([token]);
    else last.push(token);
  }
  return runs;
}

interface Place {
  readonly start: number;
  readonly end: number;
}

/** One of which the text has nothing was added. */
function apartPlace(text: Uint8Array, at: number, bytes: Uint8Array): Place {
  return (
    placeOf(text, at, bytes) ?? placeOf(text, skipSpace(text, at), bytes) ?? { start: at, end: at }
  );
}

function placesInARow(
  text: Uint8Array,
  from: number,
  run: readonly KnownToken[],
): readonly Place[] | undefined {
  const places: Place[] = [];
  let at = from;
  for (const { bytes } of run) {
    const skipped = places.length === 0 ? placeOf(text, skipSpace(text, at), bytes) : undefined;
    const place = placeOf(text, at, bytes) ?? skipped;
    if (place === undefined) return undefined;
    places.push(place);
    at = place.end;
  }
  return places;
}

/** Vocabularies of SentencePiece put a space before a text, and after a control token. */
function withoutSpace([first, ...rest]: readonly KnownToken[]): readonly KnownToken[] {
  if (first?.bytes[0] !== space) return first === undefined ? rest : [first, ...rest];
  return [{ ...first, bytes: first.bytes.subarray(1) }, ...rest];
}

const space = 0x20;

function placeOf(text: Uint8Array, at: number, bytes: Uint8Array): Place | undefined {
  const end = matchedEnd(text, at, bytes);
  return end === undefined ? undefined : { start: at, end };
}

/** Where a token's bytes end that begin here. */
function matchedEnd(text: Uint8Array, at: number, bytes: Uint8Array): number | undefined {
  let end = at;
  for (const byte of bytes) {
    if (text[end] === byte) end += 1;
    else if (byte === space && isSpaceMark(text, end)) end += 3;
    else return undefined;
  }
  return end;
}

/** U+2581, which SentencePiece writes for a space: in a text, both are the same token. */
const isSpaceMark = (text: Uint8Array, at: number): boolean =>
  text[at] === 0xe2 && text[at + 1] === 0x96 && text[at + 2] === 0x81;

function skipSpace(text: Uint8Array, from: number): number {
  let at = from;
  for (let byte = text[at]; byte !== undefined && isSpace(byte); byte = text[at]) at += 1;
  return at;
}

const isSpace = (byte: number): boolean => byte === space || (byte >= 9 && byte <= 13);
