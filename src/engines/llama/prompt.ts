import { ServeError } from "../../base/errors.ts";
import type { GenerateInput, GenerateJob } from "../engine.ts";
import type { LayOut, TextPart } from "./template.ts";
import type { Tokenizer } from "./tokenizer.ts";

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
    throw invalid(job.input.kind, "holds no token, and the model has none to begin a text with");
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
      return reader.tokenizer.tokenize(input.text, { addSpecial: true, parseSpecial: false });
    case "chat": {
      if (reader.layOut === undefined) {
        throw new ServeError("NO_CHAT_TEMPLATE", "the model has no chat template: send a prompt");
      }
      for (const { content } of input.messages) refuseHopeless(reader, job, content);
      return readParts(reader.tokenizer, reader.layOut(input.messages));
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
    throw invalid(`tokens.ids[${wrong}]`, `must be below the vocabulary's size, ${vocabularySize}`);
  }
  return Int32Array.from(ids);
}

/**
 * Reads a laid-out chat as llama.cpp does: a template may write the begin and end tokens that the
 * vocabulary adds anyway, and they are wanted once.
 */
export function readParts(tokenizer: Tokenizer, parts: readonly TextPart[]): Int32Array {
  const bos = tokenizer.addsBos ? tokenizer.textOf(tokenizer.bos) : "";
  const eos = tokenizer.addsEos ? tokenizer.textOf(tokenizer.eos) : "";
  const last = parts.length - 1;
  const pieces = parts.map(({ text, trusted }, index) => {
    let rest = text;
    if (trusted && index === 0 && rest.startsWith(bos)) rest = rest.slice(bos.length);
    if (trusted && index === last && eos !== "" && rest.endsWith(eos)) {
      rest = rest.slice(0, -eos.length);
    }
    // A whole chat in one part is read exactly as llama.cpp reads it.
    return tokenizer.tokenize(rest, { addSpecial: last === 0, parseSpecial: trusted });
  });
  if (last === 0) return pieces[0] ?? new Int32Array();
  const begin = tokenizer.addsBos ? [tokenizer.bos] : [];
  const end = tokenizer.addsEos ? [tokenizer.eos] : [];
  return Int32Array.from([begin, ...pieces, end].flatMap((ids) => [...ids]));
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

function invalid(field: GenerateInput["kind"] | `tokens.ids[${number}]`, description: string) {
  return new ServeError("FIELD_INVALID", `${field}: ${description}`, {
    violations: [{ field, description }],
  });
}
