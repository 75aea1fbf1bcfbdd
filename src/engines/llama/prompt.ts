import { type FieldReason, ServeError } from "../../base/errors.ts";
import type { GenerateInput, GenerateJob } from "../engine.ts";
import { readExcerpt, slackTokens } from "./excerpt.ts";
import type { Wanted } from "./excerpt.ts";
import type { LayOut, TextPart } from "./template.ts";
import type { Tokenizer, TokenizeOptions } from "./tokenizer.ts";

/** What turns a job's input into tokens. */
export interface Reader {
  readonly tokenizer: Tokenizer;
  /** Undefined where the model has no chat template. */
  readonly layOut: LayOut | undefined;
  readonly contextLength: number;
}

/**
 * Reads a job's prompt, at least one token of it, and leaves room for at least one more in the
 * context. Throws a ServeError where that cannot be.
 */
export function readPrompt(reader: Reader, job: GenerateJob): Int32Array {
  const tokens = readInput(reader, job);
  if (tokens.length === 0) {
    throw invalid(
      job.input.kind,
      "REQUIRED",
      "holds no token, and the model has none to begin a text with",
    );
  }
  const { contextLength } = reader;
  if (tokens.length <= mostTokens(reader, job)) return tokens;
  if (job.truncate === "none") throw tooLong(tokens.length, reader, job);
  // A short completion gets all the room it asked for, a long one a quarter of the context.
  const room = Math.min(job.sampling.maxTokens, Math.max(1, Math.floor(contextLength / 4)));
  const keep = Math.min(job.maxPromptTokens, Math.max(1, contextLength - room));
  return truncate(tokens, keep, { from: job.truncate, bos: reader.tokenizer.bos });
}

/** The most tokens that a prompt may have: the context must keep room for one more. */
function mostTokens({ contextLength }: Reader, { maxPromptTokens }: GenerateJob): number {
  return Math.min(contextLength - 1, maxPromptTokens);
}

/** Drops tokens from an end; a begin-of-text token stays. */
export function truncate(
  tokens: Int32Array,
  keep: number,
  { from, bos }: { readonly from: "start" | "end"; readonly bos: number },
): Int32Array {
  if (tokens.length <= keep) return tokens;
  if (from === "end") return tokens.slice(0, keep);
  const kept = tokens.slice(tokens.length - keep);
  if (tokens[0] === bos && bos >= 0) kept[0] = bos;
  return kept;
}

function readInput(reader: Reader, job: GenerateJob): Int32Array {
  const { input } = job;
  switch (input.kind) {
    case "prompt":
      refuseHopeless(reader, job, input.text);
      return readText(reader.tokenizer, input.text, {
        ...{ addSpecial: true, parseSpecial: false },
        wanted: wantedOf(reader, job),
      });
    case "chat": {
      if (reader.layOut === undefined) {
        throw new ServeError("NO_CHAT_TEMPLATE", "the model has no chat template: send a prompt");
      }
      for (const { content } of input.messages) refuseHopeless(reader, job, content);
      return readParts(reader.tokenizer, reader.layOut(input.messages), wantedOf(reader, job));
    }
    case "tokens":
      return readIds(input.ids, reader.tokenizer.vocabularySize);
  }
}

/** Refuses a text that is too long however it is cut, before seconds go into cutting it. */
function refuseHopeless(reader: Reader, job: GenerateJob, text: string) {
  const least = Math.floor(Buffer.byteLength(text) / reader.tokenizer.longestBytes);
  if (job.truncate === "none" && least > mostTokens(reader, job)) throw tooLong(least, reader, job);
}

function readIds(ids: Uint32Array, vocabularySize: number): Int32Array {
  const wrong = ids.findIndex((id) => id >= vocabularySize);
  if (wrong !== -1) {
    const description = `must be below the vocabulary's size, ${vocabularySize}`;
    throw invalid(`tokens.ids[${wrong}]`, "UNKNOWN_VALUE", description);
  }
  return Int32Array.from(ids);
}

/** Undefined for all of it. What is cut must still be seen to be too long for it. */
function wantedOf(reader: Reader, job: GenerateJob): Wanted | undefined {
  if (job.truncate === "none") return undefined;
  return { drop: job.truncate, tokens: mostTokens(reader, job) + 1 + slackTokens };
}

interface ReadOptions extends TokenizeOptions {
  readonly wanted: Wanted | undefined;
}

function readText(tokenizer: Tokenizer, text: string, { wanted, ...options }: ReadOptions) {
  const read = (part: string) => tokenizer.tokenize(part, options);
  return wanted === undefined ? read(text) : readExcerpt(text, wanted, read);
}

/**
 * Reads a laid-out chat as llama.cpp does: a template may write the begin and end tokens that the
 * vocabulary adds anyway, and they are wanted once.
 */
export function readParts(
  tokenizer: Tokenizer,
  parts: readonly TextPart[],
  wanted: Wanted | undefined,
): Int32Array {
  const last = parts.length - 1;
  const own = parts.map((part, index) => ({
    text: withoutAdded(tokenizer, part, { isFirst: index === 0, isLast: index === last }),
    trusted: part.trusted,
  }));
  const [whole] = own;
  // A whole chat in one part is read exactly as llama.cpp reads it.
  if (own.length === 1 && whole !== undefined) {
    const { text, trusted } = whole;
    return readText(tokenizer, text, { addSpecial: true, parseSpecial: trusted, wanted });
  }
  const begin = tokenizer.addsBos ? [tokenizer.bos] : [];
  const end = tokenizer.addsEos ? [tokenizer.eos] : [];
  const pieces = readPieces(tokenizer, own, wanted);
  return Int32Array.from([begin, ...pieces, end].flatMap((ids) => [...ids]));
}

/** Reads each part by itself, from the end that is kept. */
function readPieces(
  tokenizer: Tokenizer,
  parts: readonly TextPart[],
  wanted: Wanted | undefined,
): readonly Int32Array[] {
  const backwards = wanted?.drop === "start";
  const pieces: Int32Array[] = [];
  let left = wanted?.tokens ?? Infinity;
  for (const { text, trusted } of backwards ? parts.toReversed() : parts) {
    if (left <= 0) break;
    const options = { addSpecial: false, parseSpecial: trusted };
    const rest = wanted && { ...wanted, tokens: left };
    const piece = readText(tokenizer, text, { ...options, wanted: rest });
    pieces.push(piece);
    left -= piece.length;
  }
  return backwards ? pieces.reverse() : pieces;
}

/** A part's text without what the vocabulary adds at the ends of the whole. */
function withoutAdded(
  tokenizer: Tokenizer,
  { text, trusted }: TextPart,
  { isFirst, isLast }: { readonly isFirst: boolean; readonly isLast: boolean },
): string {
  if (!trusted) return text;
  const bos = isFirst && tokenizer.addsBos ? tokenizer.textOf(tokenizer.bos) : "";
  const eos = isLast && tokenizer.addsEos ? tokenizer.textOf(tokenizer.eos) : "";
  const rest = text.startsWith(bos) ? text.slice(bos.length) : text;
  return eos !== "" && rest.endsWith(eos) ? rest.slice(0, -eos.length) : rest;
}

function tooLong(promptTokens: number, reader: Reader, job: GenerateJob): ServeError {
  const most = mostTokens(reader, job);
  const facts = {
    prompt_tokens: String(promptTokens),
    most_tokens: String(most),
    context_length: String(reader.contextLength),
  };
  const message = `the prompt has ${promptTokens} tokens or more, and at most ${most} are taken: shorten it or ask for truncation`;
  return new ServeError("PROMPT_TOO_LONG", message, { facts });
}

function invalid(
  field: GenerateInput["kind"] | `tokens.ids[${number}]`,
  reason: FieldReason,
  description: string,
) {
  return new ServeError("FIELD_INVALID", `${field}: ${description}`, {
    violations: [{ field, reason, description }],
  });
}
