/** A query and a document in the text that the file has for them, `tokenizer.chat_template.rerank`. */
import type { Truncation } from "../../engine.ts";
import type { TokenizedText, Tokens, Unread } from "../../texts/unread.ts";
import { readChat } from "../chat-text.ts";
import { ControlTokens } from "../control-tokens.ts";
import type { TextPart } from "../marks.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { growth, likelyLength, readTruncated, slackTokens } from "../truncation.ts";
import { failed, tooLong } from "./tokens.ts";

/** Throws an Error for a template that lacks a query or a document. */
export function openTemplated(tokenizer: Tokenizer, template: string, limit: number): Tokens {
  const parts = partsOf(template);
  const read = readerOf(tokenizer, template);
  const readPair = (query: string, document: string) => read(filled(parts, { query, document }));
  const room = limit - readPair("", "").length;
  if (room < 2)
    throw new Error(`a limit of ${limit} tokens leaves none for a query and a document`);
  return {
    read: (texts) =>
      Promise.resolve(
        texts.map((each) => {
          const { query, document, truncate } = pairOf(each);
          return readCut(document, { truncate, limit, read: (text) => readPair(query, text) });
        }),
      ),
  };
}

interface Cutting {
  readonly truncate: Truncation;
  readonly limit: number;
  /** Reads a pair whose document is this. */
  readonly read: (document: string) => Int32Array;
}

/** What is too much is the document's: the query is what it is held against. */
function readCut(document: string, { truncate, limit, read }: Cutting): TokenizedText {
  const drop = truncate === "none" ? "end" : truncate;
  const ids = readTruncated(document, { drop, tokens: limit + 1 + slackTokens }, read);
  if (ids.length <= limit) return { ids: [...ids], truncated: false };
  const least = read("").length;
  if (truncate === "none" || least >= limit) {
    return failed(tooLong(truncate === "none" ? ids.length : least, { limit, room: limit }));
  }
  const excerpt = (length: number) =>
    drop === "end" ? document.slice(0, length) : document.slice(document.length - length);
  const fit = (length: number): boolean => read(excerpt(length)).length <= limit;
  let [fits, beyond] = [0, Math.min(document.length, limit * likelyLength)];
  while (beyond < document.length && fit(beyond)) {
    [fits, beyond] = [beyond, Math.min(document.length, beyond * growth)];
  }
  // The longest part that fits, as far as less text has fewer tokens.
  while (beyond - fits > 1) {
    const middle = Math.floor((fits + beyond) / 2);
    if (fit(middle)) fits = middle;
    else beyond = middle;
  }
  return { ids: [...read(whole(excerpt(fits), drop))], truncated: true };
}

/** Without half of a character at the cut. */
const whole = (text: string, drop: "start" | "end"): string =>
  drop === "end" ? text.replace(/[\ud800-\udbff]$/, "") : text.replace(/^[\udc00-\udfff]/, "");

/** Control tokens are read in the template alone: a text that spells one is a text. */
function readerOf(own: Tokenizer, template: string): (parts: readonly TextPart[]) => Int32Array {
  // As llama-server, which adds nothing to a template.
  const tokenizer = { ...own, addsBos: false, addsEos: false };
  const markers = own.userDefined.filter((text) => template.includes(text));
  const controls = new ControlTokens([...own.controls, ...markers]);
  const vocabulary = { tokenizer, controls, markers: new ControlTokens(markers) };
  return (parts) => {
    const ids = readChat(vocabulary, parts, undefined);
    if (ids === undefined) throw new Error("bug: a pair was found cut");
    return ids;
  };
}

type Place = "query" | "document";
type Piece = { readonly text: string } | { readonly place: Place };

function partsOf(template: string): readonly Piece[] {
  const parts = template.split(/(\{query\}|\{document\})/).map((text): Piece => {
    if (text === "{query}") return { place: "query" };
    return text === "{document}" ? { place: "document" } : { text };
  });
  const has = (place: Place) => parts.some((part) => "place" in part && part.place === place);
  if (has("query") && has("document")) return parts;
  throw new Error("the model's template for reranking has no place for a query or a document");
}

const filled = (
  parts: readonly Piece[],
  texts: Readonly<Record<Place, string>>,
): readonly TextPart[] =>
  parts.map((part) =>
    "place" in part
      ? { text: texts[part.place], trusted: false }
      : { text: part.text, trusted: true },
  );

function pairOf(input: Unread) {
  if (input.ids !== undefined || input.pair === undefined) {
    throw new Error("bug: a model that ranks was given no pair of texts");
  }
  return { query: input.text, document: input.pair, truncate: input.truncate };
}
