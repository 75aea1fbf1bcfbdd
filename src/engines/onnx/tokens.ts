/**
 * Tokenizes texts. A text far longer than the model takes is read only as far as necessary: the library takes some
 * microseconds per token, and a client can send megabytes.
 */
import type { ErrorData } from "../../base/errors.ts";
import { readIds } from "../texts/given-ids.ts";
import type { TokenizedText, Tokens, UnreadText } from "../texts/unread.ts";
import { encodeEach } from "./vocabulary.ts";
import type { Encoding, Vocabulary } from "./vocabulary.ts";

/** No text has this few tokens for its length, unless it is blank or one endless word. */
const maxCharactersPerToken = 256;

/** Minimum that is read of a text with hardly a token. */
const minLastPart = 65_536;

/** Near a cut, tokens can differ from those of the whole text: this many more are read and dropped. */
const spareTokens = 32;

/** Reads at most `limit` tokens of a text, the special ones included. */
export async function openTokens(vocabulary: Vocabulary, limit: number): Promise<Tokens> {
  const [empty] = await vocabulary.encodeBatch([""]);
  const room = limit - (empty === undefined ? 0 : specialTokens(empty));
  if (room < 1) throw new Error(`a limit of ${limit} tokens leaves none for a text`);

  const readTexts = async (texts: readonly UnreadText[]): Promise<readonly TokenizedText[]> => {
    const parts = texts.map((text) => partOf(text, firstPart(text, room)));
    const prompted = parts.map((part, place) => (texts[place]?.prompt?.text ?? "") + part);
    const encodings = await encodeEach(vocabulary, prompted);
    const read: TokenizedText[] = [];
    for (const [place, text] of texts.entries()) {
      const first = { part: parts[place] ?? "", encoding: encodings[place] };
      // One after the other: the library has one thread.
      read.push(use(await readEnough(vocabulary, { ...text, room }, first), limit));
    }
    return read;
  };
  return {
    async read(all) {
      const texts = all.filter((each) => each.ids === undefined);
      const read = (texts.length === 0 ? [] : await readTexts(texts)).values();
      return all.map((each) => (each.ids === undefined ? expectNext(read) : readIds(each, limit)));
    },
  };
}

function expectNext(read: Iterator<TokenizedText, undefined>): TokenizedText {
  const { value } = read.next();
  if (value === undefined) throw new Error("bug: a text was not read");
  return value;
}

interface Need extends UnreadText {
  /** Maximum tokens of the text itself. */
  readonly room: number;
}

/** A text as far as it was read. Without an encoding, the library cannot tokenize it. */
interface ReadText extends Need {
  readonly part: string;
  readonly encoding: Encoding | undefined;
  readonly isWhole: boolean;
  /** The tokens depend on where the text was cut: those of the whole text are not known. */
  readonly isUnsure?: boolean;
}

/** In characters. An error states the number of tokens, so reading further is worthwhile. */
const firstPart = ({ truncate }: UnreadText, room: number): number =>
  (room + spareTokens) * (truncate === "none" ? 16 : 8);

/** How much shorter the second part for comparison is; a prime, since tokens of similar words repeat. */
const shiftedCharacters = 37;

/** Reads as much as is used. If the text was cut, reads a shorter part too: both must begin, or end, alike. */
async function readEnough(
  vocabulary: Vocabulary,
  need: Need,
  first: Pick<ReadText, "part" | "encoding">,
): Promise<ReadText> {
  const read = await readOn(vocabulary, need, first);
  const { encoding, isWhole, part } = read;
  if (need.truncate === "none" || isWhole) return read;
  if (encoding === undefined || !isBeyond(encoding, need.room)) return read;
  const encodingOf = async (text: string): Promise<Encoding | undefined> =>
    (await encodeEach(vocabulary, [(need.prompt?.text ?? "") + text]))[0];
  const other = await encodingOf(partOf(need, part.length - shiftedCharacters));
  if (other !== undefined && usesSame(encoding, other, need)) return read;
  if (need.text.length > lastPart(need)) return { ...read, isUnsure: true };
  return { ...read, part: need.text, encoding: await encodingOf(need.text), isWhole: true };
}

function usesSame(encoding: Encoding, other: Encoding, need: Need): boolean {
  const limit = need.room + specialTokens(encoding);
  const [a, b] = [used(encoding, limit, need), used(other, limit, need)];
  return a.length === b.length && a.every((id, place) => id === b[place]);
}

const lastPart = ({ room }: Need): number => Math.max(minLastPart, room * maxCharactersPerToken);

/** Reads a growing part until it has more tokens than are used, or all is read, or enough for any text. */
async function readOn(
  vocabulary: Vocabulary,
  need: Need,
  first: Pick<ReadText, "part" | "encoding">,
): Promise<ReadText> {
  const { text, room } = need;
  const last = lastPart(need);
  let characters = firstPart(need, room);
  let { part, encoding } = first;
  for (;;) {
    const isWhole = part.length === text.length;
    const isEnough = isWhole || encoding === undefined || isBeyond(encoding, room);
    if (isEnough || characters >= last) return { ...need, part, encoding, isWhole };
    characters = Math.min(last, characters * 4);
    part = partOf(need, characters);
    [encoding] = await encodeEach(vocabulary, [(need.prompt?.text ?? "") + part]);
  }
}

const isBeyond = (encoding: Encoding, room: number): boolean =>
  encoding.getIds().length - specialTokens(encoding) >= room + spareTokens;

const specialTokens = (encoding: Encoding): number =>
  encoding.getSpecialTokensMask().reduce((sum, isSpecial) => sum + isSpecial, 0);

/** The end or the beginning of a text, cut between words if there is a gap near. */
function partOf({ text, truncate }: UnreadText, characters: number): string {
  if (text.length <= characters) return text;
  if (truncate === "start") {
    const tail = text.slice(-characters);
    const gap = tail.slice(0, maxCharactersPerToken).search(/\s/);
    return tail.slice(gap >= 0 ? gap : isTrailing(tail, 0) ? 1 : 0);
  }
  const head = text.slice(0, characters);
  const gap = /\s\S*$/.exec(head.slice(-maxCharactersPerToken));
  const half = isTrailing(text, characters) ? 1 : 0;
  return head.slice(0, head.length - (gap?.[0].length ?? half));
}

/** Whether a surrogate pair would be cut before this position. */
const isTrailing = (text: string, place: number): boolean =>
  (text.charCodeAt(place) & 0xfc00) === 0xdc00;

/** Result of tokenizing a text, or why there is none. */
function use(read: ReadText, limit: number): TokenizedText {
  const { encoding, isWhole, truncate } = read;
  if (encoding === undefined) return failed(unreadable);
  const ids = encoding.getIds();
  if (ids.length === 0) return failed(unreadable);
  if (isWhole && ids.length <= limit) return { ids, truncated: false };
  const isUnknown = read.isUnsure === true || (!isWhole && !isBeyond(encoding, read.room));
  if (truncate === "none" || isUnknown) return failed(tooLong(read, ids.length, limit));
  return { ids: used(encoding, limit, read), truncated: true };
}

const used = (encoding: Encoding, limit: number, { truncate, prompt }: UnreadText) =>
  cut(encoding, limit, truncate === "end" ? "end" : (prompt?.tokens ?? 0));

/**
 * Keeps what the model's template adds before and after a text, and of the text its beginning (`end` is cut off), or
 * its end after this many first tokens.
 */
function cut(encoding: Encoding, limit: number, kept: "end" | number): readonly number[] {
  const ids = encoding.getIds();
  const mask = encoding.getSpecialTokensMask();
  const end = mask.lastIndexOf(0) + 1;
  const after = ids.slice(end);
  if (kept === "end") return [...ids.slice(0, limit - after.length), ...after];
  const before = ids.slice(0, Math.max(mask.indexOf(0), kept));
  return [...before, ...ids.slice(end - (limit - before.length - after.length), end), ...after];
}

const failed = (error: ErrorData): TokenizedText => ({ ids: [], truncated: false, error });

const unreadable: ErrorData = {
  reason: "INPUT_UNREADABLE",
  message:
    "the model's tokenizer makes no tokens of this text; leave it out, or write it otherwise",
};

function tooLong(
  { text, truncate, isWhole, room, encoding }: ReadText,
  tokens: number,
  limit: number,
): ErrorData {
  // Blanks, or one endless word: its tokens were not counted to the end.
  const isCounted = isWhole || (encoding !== undefined && isBeyond(encoding, room));
  const count = isCounted
    ? `${isWhole ? "" : "more than "}${tokens} tokens`
    : `${text.length} characters`;
  const remedy =
    truncate === "none"
      ? "shorten it or set truncation"
      : "shorten it: which tokens are kept depends on all of it";
  return {
    reason: "INPUT_TOO_LONG",
    message: `the text has ${count} and the model takes ${limit} tokens; ${remedy}`,
    facts: { tokens: String(tokens), limit: String(limit) },
  };
}
