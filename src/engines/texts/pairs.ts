/** Tokenizes pairs of texts: each text alone and at most once a round, cut as transformers cuts pairs. */
import type { ErrorData } from "../../base/errors.ts";
import type { Truncation } from "../engine.ts";
import { longestFirst } from "./longest-first.ts";
import type { TokenizedText, Tokens, Unread, UnreadText } from "./unread.ts";

/** The token ids of a text alone, without special tokens. */
type Part = readonly number[];

/** What stands around two texts that are read as a pair, and around one alone. */
export interface PairTemplate {
  /** Number of tokens that it adds to a pair. */
  readonly added: number;
  /** Tokens that are added before and after a text alone. */
  readonly single: { readonly before: number; readonly after: number };
  /** `types`: the type id of each token. */
  join(first: Part, second: Part): { readonly ids: number[]; readonly types: number[] };
}

export interface PairParts {
  /** Reads a text alone. */
  readonly tokens: Tokens;
  readonly template: PairTemplate;
  /** Whether a pair's tokens have type ids; all are of one type otherwise. */
  readonly hasTypes: boolean;
  /** Most tokens of a pair, special ones included. */
  readonly limit: number;
}

type Pair = UnreadText & { readonly pair: string };

const isPair = (text: UnreadText): text is Pair => text.pair !== undefined;

/** Reads texts as `tokens` does, and those with a pair together with it. */
export function openPairs({ tokens, template, hasTypes, limit }: PairParts): Tokens {
  const { before, after } = template.single;
  const room = limit - template.added;
  if (room < 2) throw new Error(`a limit of ${limit} tokens leaves none for a pair of texts`);
  if (template.added < before + after) {
    throw new Error("tokenizer.json: post_processor adds fewer tokens to a pair than to a text");
  }
  return {
    async read(all) {
      const texts = all.map(asText);
      const parts = new Map<string, UnreadText>();
      for (const text of texts.flatMap(partsOf)) parts.set(keyOf(text), text);
      const read = await tokens.read([...parts.values()]);
      const byKey = new Map([...parts.keys()].map((key, place) => [key, read[place]]));
      const found = (text: UnreadText): TokenizedText => {
        const part = byKey.get(keyOf(text));
        if (part === undefined) throw new Error("bug: a text was not read");
        return part;
      };
      return texts.map((text) => {
        const [first, second] = partsOf(text).map(found);
        if (first === undefined) throw new Error("bug: a text without parts");
        return second === undefined ? first : join(first, second, text.truncate);
      });
    },
  };

  function join(a: TokenizedText, b: TokenizedText, truncate: Truncation): TokenizedText {
    const error = a.error ?? b.error;
    if (error !== undefined) return { ids: [], truncated: false, error };
    const [first, second] = [bare(a), bare(b)];
    const length = first.length + second.length + template.added;
    if (truncate === "none" && length > limit) {
      return { ids: [], truncated: false, error: tooLong(length, limit) };
    }
    const [kept, keptOfSecond] = longestFirst(first.length, second.length, room);
    const { ids, types } = template.join(
      cut(first, kept, truncate),
      cut(second, keptOfSecond, truncate),
    );
    const truncated = a.truncated || b.truncated || length > limit;
    return { ids, truncated, ...(hasTypes && { types }) };
  }

  /** A text's tokens without those that are added to it. */
  function bare({ ids }: TokenizedText): readonly number[] {
    return ids.slice(before, ids.length - after);
  }
}

function asText(input: Unread): UnreadText {
  if (input.ids === undefined) return input;
  throw new Error("bug: a model that scores was given token ids");
}

/** What is tokenized alone: a text without a pair is its own only part. */
function partsOf(text: UnreadText): readonly UnreadText[] {
  if (!isPair(text)) return [text];
  const { truncate } = text;
  return [
    { text: text.text, truncate },
    { text: text.pair, truncate },
  ];
}

const keyOf = ({ text, truncate }: UnreadText): string => `${truncate}:${text}`;

function cut(ids: readonly number[], count: number, truncate: Truncation): readonly number[] {
  return truncate === "start" ? ids.slice(ids.length - count) : ids.slice(0, count);
}

function tooLong(tokens: number, limit: number): ErrorData {
  return {
    reason: "INPUT_TOO_LONG",
    message: `the two texts have ${tokens} tokens together and the model takes ${limit} tokens; shorten one or set truncation`,
    facts: { tokens: String(tokens), limit: String(limit) },
  };
}
