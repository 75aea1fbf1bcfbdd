/**
 * What a job may cost in tokens, before anything has tokenised it. There are two estimates, because two questions are
 * asked. A queue bounds memory by its own, so that one must never be too low. A quota is settled by what was used, so
 * its estimate should be near; four times too much would refuse callers who have enough left.
 */
import { chatTexts } from "../engines/chat-texts.ts";
import type {
  ClassifyJob,
  CompletionJob,
  EmbedInput,
  EmbedJob,
  Job,
  RerankJob,
} from "../engines/engine.ts";
import type { Work } from "../scheduling/ticket.ts";

/** The part of a job that a model reads. */
export type JobInput = Pick<CompletionJob, "kind" | "input"> | ItemsInput;

/** The texts of an items job. */
type ItemsInput =
  | Pick<EmbedJob, "kind" | "task" | "items">
  | Pick<RerankJob, "kind" | "task" | "items" | "query">
  | Pick<ClassifyJob, "kind" | "task" | "items" | "pairs">;

interface Rate {
  /** Of UTF-8. */
  readonly bytesPerToken: number;
  /** What a tokenizer adds around a text. */
  readonly textTokens: number;
  /** What a chat template adds around a message, a tool and a call. */
  readonly messageTokens: number;
}

/**
 * No tokenizer makes more than a token of a byte; for English that is about four times too many. Only a template that
 * adds more than eight tokens to a message makes this too low. Rates that are measured in such tokens predict well.
 */
const queueRate: Rate = { bytesPerToken: 1, textTokens: 2, messageTokens: 8 };

/** Of English by most tokenizers. */
const quotaRate: Rate = { bytesPerToken: 4, textTokens: 0, messageTokens: 0 };

/** What a queue counts for a job. What it may generate counts in full, up to the model's context. */
export function queueEstimate(job: Job, contextLength: number): Work {
  const promptTokens = promptTokensOf(job, queueRate);
  return { promptTokens, tokens: promptTokens + Math.min(mostGenerated(job), contextLength) };
}

/** What a queue counts for an input alone: what a call holds while it waits for its model to be loaded. */
export function queuePromptEstimate(input: JobInput): number {
  return promptTokensOf(input, queueRate);
}

/** What a job's caller must have left of a quota. */
export function quotaEstimate(job: Job): Work {
  const promptTokens = promptTokensOf(job, quotaRate);
  return { promptTokens, tokens: promptTokens + mostGenerated(job) };
}

function mostGenerated(job: Job): number {
  return job.kind === "completion" ? job.sampling.maxTokens : 0;
}

function promptTokensOf(job: JobInput, rate: Rate): number {
  if (job.kind === "items") return itemTokens(job, rate);
  const { input } = job;
  switch (input.kind) {
    case "prompt":
      return tokensOf([input.text], rate, rate.textTokens);
    case "chat": {
      const { messages, tools = [] } = input;
      const calls = messages.flatMap(({ toolCalls = [] }) => toolCalls);
      const around = (messages.length + calls.length + tools.length) * rate.messageTokens;
      return rate.textTokens + around + tokensOf(chatTexts(input), rate, 0);
    }
    case "token_ids":
      return input.ids.length;
  }
}

/** What is read with each item counts as often as it is read. */
function itemTokens(job: ItemsInput, rate: Rate): number {
  const items = inputTokens(job.items, rate);
  switch (job.task) {
    case "embed":
      return items;
    case "rerank":
      return items + job.items.length * tokensOf([job.query], rate, rate.textTokens);
    case "classify": {
      const pairs = job.pairs?.filter((pair) => pair !== undefined) ?? [];
      return items + tokensOf(pairs, rate, rate.textTokens);
    }
  }
}

function inputTokens(items: readonly EmbedInput[], rate: Rate): number {
  const tokens = (item: EmbedInput): number =>
    typeof item === "string" ? tokensOf([item], rate, rate.textTokens) : item.length;
  return items.reduce((sum, item) => sum + tokens(item), 0);
}

/** Of all texts, each with what is added around it. */
function tokensOf(texts: readonly string[], { bytesPerToken }: Rate, around: number): number {
  const tokens = (text: string): number =>
    around + Math.ceil(Buffer.byteLength(text) / bytesPerToken);
  return texts.reduce((sum, text) => sum + tokens(text), 0);
}
