/** Tokenizes texts that a model gives numbers of, with the tokens that its vocabulary puts around a text. */
import { ServeError } from "../../../base/errors.ts";
import { readIds } from "../../texts/given-ids.ts";
import type { TokenizedText, Tokens, UnreadText } from "../../texts/unread.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { readTruncated, slackTokens } from "../truncation.ts";

/** What the vocabulary puts before and behind a text. */
export interface Around {
  readonly before: readonly number[];
  readonly behind: readonly number[];
}

interface TokensOptions {
  /** Most tokens of a text, the special ones included. */
  readonly limit: number;
  /** Whether the texts of control tokens are read as those tokens. */
  readonly parseSpecial: boolean;
}

export function openTokens(tokenizer: Tokenizer, { limit, parseSpecial }: TokensOptions): Tokens {
  const plain = { addSpecial: false, parseSpecial };
  const around = aroundOf(tokenizer);
  const room = limit - around.before.length - around.behind.length;
  if (room < 1) throw new Error(`a limit of ${limit} tokens leaves none for a text`);
  const readText = (unread: UnreadText): TokenizedText => {
    try {
      tokenizer.assertReadable(unread.text);
      return read(unread);
    } catch (thrown) {
      // One that the vocabulary does not read, among others that it does.
      if (thrown instanceof ServeError) return failed(thrown.toData());
      throw thrown;
    }
  };
  const read = ({ text, truncate }: UnreadText): TokenizedText => {
    const drop = truncate === "none" ? "end" : truncate;
    const wanted = { drop, tokens: room + 1 + slackTokens } as const;
    const tokens = readTruncated(text, wanted, (part) => tokenizer.tokenize(part, plain));
    const isLong = tokens.length > room;
    if (isLong && truncate === "none") return failed(tooLong(tokens.length, { limit, room }));
    const kept = drop === "start" ? tokens.slice(-room) : tokens.slice(0, room);
    const ids = [...around.before, ...kept, ...around.behind];
    return ids.length === 0 ? failed(unreadable) : { ids, truncated: isLong };
  };
  return {
    read: (texts) =>
      Promise.resolve(
        texts.map((each) => (each.ids === undefined ? readText(each) : readIds(each, limit))),
      ),
  };
}

/** Found by a text that is read with them and without. */
export function aroundOf(tokenizer: Tokenizer): Around {
  const plain = { addSpecial: false, parseSpecial: false };
  const inner = [...tokenizer.tokenize("a", plain)];
  const whole = [...tokenizer.tokenize("a", { ...plain, addSpecial: true })];
  const start = whole.findIndex((_, at) => inner.every((id, place) => whole[at + place] === id));
  if (inner.length === 0 || start === -1) {
    throw new Error("the model's tokenizer reads no text, or another one where it is alone");
  }
  return { before: whole.slice(0, start), behind: whole.slice(start + inner.length) };
}

export const failed = (error: NonNullable<TokenizedText["error"]>): TokenizedText => ({
  ids: [],
  truncated: false,
  error,
});

const unreadable = {
  reason: "INPUT_UNREADABLE",
  message:
    "the model's tokenizer makes no tokens of this text; leave it out, or write it otherwise",
} as const;

export function tooLong(tokens: number, { limit, room }: { limit: number; room: number }) {
  // Of a text far too long, the rest is not counted.
  const count = `${tokens > room + slackTokens ? "more than " : ""}${tokens + limit - room}`;
  return {
    reason: "INPUT_TOO_LONG",
    message: `the text has ${count} tokens and the model takes ${limit} tokens; shorten it or set truncation`,
    facts: { tokens: String(tokens + limit - room), limit: String(limit) },
  } as const;
}
