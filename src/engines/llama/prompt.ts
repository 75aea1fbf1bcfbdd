import { type FieldReason, ServeError } from "../../base/errors.ts";
import type { ChatFormat } from "../chat-format/format.ts";
import type { ChatInput, CompletionInput, CompletionJob } from "../engine.ts";
import { growth, likelyLength, readTruncated, slackTokens } from "./truncation.ts";
import type { Wanted } from "./truncation.ts";
import { readChat } from "./chat-text.ts";
import type { ChatVocabulary } from "./chat-text.ts";
import { maxLayOutMs } from "./template.ts";
import type { LayOut } from "./template.ts";
import type { Tokenizer, TokenizeOptions } from "./tokenizer.ts";

/** Dependencies of turning a job's input into tokens. */
export interface Reader {
  readonly tokenizer: Tokenizer;
  /** Undefined if the model does not support chat. */
  readonly chat: ChatReader | undefined;
  readonly contextLength: number;
}

/** Dependencies of turning a chat into tokens. */
export interface ChatReader extends ChatVocabulary {
  readonly layOut: LayOut;
  /** How the model writes reasoning and tool calls. */
  readonly format: ChatFormat;
  /** What the prompt of a chat ends with behind its messages, or the message that is continued. `until` bounds its time. */
  readonly prompted: (chat: ChatInput, until: number) => string;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/**
 * Tokenizes a job's prompt to at least one token, and leaves room for at least one more in the context. Throws a
 * ServeError if that is impossible.
 */
export function readPrompt(reader: Reader, job: CompletionJob): Int32Array {
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
  // A short completion gets all the room it requested, a long one a quarter of the context.
  const room = Math.min(job.sampling.maxTokens, Math.max(1, Math.floor(contextLength / 4)));
  const keep = Math.min(job.maxPromptTokens, Math.max(1, contextLength - room));
  return truncate(tokens, keep, { from: job.truncate, bos: reader.tokenizer.bos });
}

/** Maximum tokens of a prompt: the context must keep room for one more. */
function mostTokens({ contextLength }: Reader, { maxPromptTokens }: CompletionJob): number {
  return Math.min(contextLength - 1, maxPromptTokens);
}

/** Drops tokens from one end. A begin-of-text token stays. */
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

function readInput(reader: Reader, job: CompletionJob): Int32Array {
  const { input } = job;
  switch (input.kind) {
    case "prompt":
      refuseHopeless(reader, job, input.text);
      return readText(reader.tokenizer, input.text, {
        ...{ addSpecial: true, parseSpecial: false },
        wanted: wantedOf(reader, job),
      });
    case "chat":
      return readMessages(reader, job, input);
    case "token_ids":
      return readIds(input.ids, reader.tokenizer.vocabularySize);
  }
}

/**
 * Tokenizes a chat. Text far longer than can be kept is cut before formatting. If too much was cut, because tokens were
 * long or the template dropped some, the chat is formatted again with more text.
 */
function readMessages(reader: Reader, job: CompletionJob, input: ChatInput): Int32Array {
  const { chat } = reader;
  const { messages } = input;
  if (chat === undefined) {
    throw ServeError.of("NO_CHAT_TEMPLATE");
  }
  // Templates drop reasoning from answers, so answers can be longer than the context.
  const said = messages.filter(({ role }) => role !== "assistant");
  refuseHopeless(reader, job, ...said.map(({ content }) => content));
  const wanted = wantedOf(reader, job);
  const until = chat.now() + maxLayOutMs;
  const longest = messages.reduce((most, { content }) => Math.max(most, content.length), 0);
  for (let keep = wanted.tokens * likelyLength; 2 * keep < longest; keep *= growth) {
    const tokens = readChat(chat, chat.layOut(input, { until, keep }), wanted);
    if (tokens !== undefined && tokens.length >= wanted.tokens) return tokens;
  }
  const tokens = readChat(chat, chat.layOut(input, { until }), wanted);
  if (tokens === undefined) throw new Error("bug: a whole chat was found cut");
  return tokens;
}

/** Rejects texts that are too long in any case, before spending seconds on cutting them. */
function refuseHopeless(reader: Reader, job: CompletionJob, ...texts: readonly string[]) {
  if (job.truncate !== "none") return;
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const least = Math.floor(bytes / reader.tokenizer.longestBytes);
  if (least > mostTokens(reader, job)) throw tooLong(least, reader, job);
}

/** Throws a ServeError for an id that the vocabulary does not have. */
export function readIds(ids: Uint32Array, vocabularySize: number): Int32Array {
  const wrong = ids.findIndex((id) => id >= vocabularySize);
  if (wrong !== -1) {
    const description = `must be below the vocabulary's size, ${vocabularySize}`;
    throw invalid(`token_ids.ids[${wrong}]`, "UNKNOWN_VALUE", description);
  }
  return Int32Array.from(ids);
}

/**
 * How much to read: text to be truncated must still be recognizable as too long, and other text need not be read
 * further once it is too long.
 */
function wantedOf(reader: Reader, job: CompletionJob): Wanted {
  const drop = job.truncate === "none" ? "end" : job.truncate;
  return { drop, tokens: mostTokens(reader, job) + 1 + slackTokens };
}

interface ReadOptions extends TokenizeOptions {
  readonly wanted: Wanted;
}

function readText(tokenizer: Tokenizer, text: string, { wanted, ...options }: ReadOptions) {
  return readTruncated(text, wanted, (part) => tokenizer.tokenize(part, options));
}

function tooLong(promptTokens: number, reader: Reader, job: CompletionJob): ServeError {
  const most = mostTokens(reader, job);
  const facts = {
    promptTokens: String(promptTokens),
    mostTokens: String(most),
    contextLength: String(reader.contextLength),
  };
  const message = `the prompt has ${promptTokens} tokens or more, and at most ${most} are taken: shorten it or ask for truncation`;
  return new ServeError("PROMPT_TOO_LONG", message, { facts });
}

function invalid(
  field: CompletionInput["kind"] | `token_ids.ids[${number}]`,
  reason: FieldReason,
  description: string,
) {
  return new ServeError("FIELD_INVALID", `${field}: ${description}`, {
    violations: [{ field, reason, description }],
  });
}
