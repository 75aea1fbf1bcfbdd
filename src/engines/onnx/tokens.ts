/**
 * Reads texts as token ids. Tokenising is synchronous and takes about a millisecond for ten thousand
 * characters, so a text far longer than the model takes is read only as far as it needs to be.
 */
import type { ErrorData } from "../../base/errors.ts";
import type { Truncation } from "../engine.ts";

/** The part of `Tokenizer` of @huggingface/tokenizers that is used. */
export interface Vocabulary {
  encode(
    text: string,
    options?: { readonly add_special_tokens?: boolean },
  ): { readonly ids: readonly number[] };
}

export interface TokenizedText {
  /** With the model's special tokens; empty where `error` is set. */
  readonly ids: readonly number[];
  readonly truncated: boolean;
  readonly error?: ErrorData;
}

export interface Tokens {
  read(text: string, truncate: Truncation): TokenizedText;
}

/** No text has this few tokens for its length, unless it is blank or one endless word. */
const maxCharactersPerToken = 256;

/** Reads at most `limit` tokens of a text, the special ones included. */
export function openTokens(vocabulary: Vocabulary, limit: number): Tokens {
  const { before, after } = specialTokens(vocabulary);
  const room = limit - before.length - after.length;
  if (room < 1) throw new Error(`a limit of ${limit} tokens leaves none for a text`);

  const wrap = (ids: readonly number[], truncated: boolean): TokenizedText => ({
    ids: [...before, ...ids, ...after],
    truncated,
  });

  return {
    read(text, truncate) {
      const { ids, isWhole } = readEnough(vocabulary, text, { room, truncate });
      if (ids.length <= room && (isWhole || truncate !== "none")) return wrap(ids, !isWhole);
      if (truncate === "end") return wrap(ids.slice(0, room), true);
      if (truncate === "start") return wrap(ids.slice(ids.length - room), true);
      const tokens = ids.length + before.length + after.length;
      return { ids: [], truncated: false, error: tooLong({ text, tokens, limit, isWhole }) };
    },
  };
}

/** What the model puts around a text, found by reading one with it and without. */
function specialTokens(vocabulary: Vocabulary) {
  const whole = vocabulary.encode("a").ids;
  const bare = vocabulary.encode("a", { add_special_tokens: false }).ids;
  for (let start = 0; start + bare.length <= whole.length; start++) {
    if (bare.length > 0 && bare.every((id, i) => id === whole[start + i])) {
      return { before: whole.slice(0, start), after: whole.slice(start + bare.length) };
    }
  }
  throw new Error("the tokenizer does not put its special tokens before and after a text");
}

interface Need {
  readonly room: number;
  readonly truncate: Truncation;
}

/**
 * Reads a growing part of the text until it has more tokens than there is room for, or all is read. What
 * is beyond `maxCharactersPerToken` is never read.
 */
function readEnough(vocabulary: Vocabulary, text: string, { room, truncate }: Need) {
  // An error states how many tokens there were, so it is worth reading further.
  let characters = room * (truncate === "none" ? 64 : 16);
  for (;;) {
    const part = partOf(text, characters, truncate);
    const { ids } = vocabulary.encode(part, { add_special_tokens: false });
    const isWhole = part.length === text.length;
    const isLast = characters >= room * maxCharactersPerToken;
    if (isWhole || isLast || ids.length > room) return { ids, isWhole };
    characters *= 4;
  }
}

/** The end or the beginning of a text, cut between words where there is a gap near. */
function partOf(text: string, characters: number, truncate: Truncation): string {
  if (text.length <= characters) return text;
  if (truncate === "start") {
    const tail = text.slice(-characters);
    return tail.slice(Math.max(0, tail.slice(0, maxCharactersPerToken).search(/\s/)));
  }
  const head = text.slice(0, characters);
  const gap = /\s\S*$/.exec(head.slice(-maxCharactersPerToken));
  return gap === null ? head : head.slice(0, head.length - gap[0].length);
}

interface Excess {
  readonly text: string;
  readonly tokens: number;
  readonly limit: number;
  readonly isWhole: boolean;
}

function tooLong({ text, tokens, limit, isWhole }: Excess): ErrorData {
  // Blanks, or one endless word: its tokens were not counted to the end.
  const count = tokens <= limit ? `${text.length} characters` : `more than ${tokens} tokens`;
  return {
    reason: "INPUT_TOO_LONG",
    message: `the text has ${isWhole ? `${tokens} tokens` : count} and the model takes ${limit} tokens; shorten it or set truncate`,
    facts: { tokens: String(tokens), limit: String(limit) },
  };
}
