import type { ItemsJob, ItemValue, ModelInfo } from "../../engine.ts";
import { type GgufFacts, ranks } from "../../gguf-purpose.ts";
import { sigmoid, softmax } from "../../texts/activations.ts";
import { openPairs } from "../../texts/pairs.ts";
import { isNear } from "../../texts/warm-up.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { pairTemplate } from "./pair-template.ts";
import { openTemplated } from "./rerank-template.ts";
import type { Role } from "./role.ts";
import { type ScoringHead, scoringHead } from "./served.ts";
import { openTokens } from "./tokens.ts";

/** Scores of a query and a document, or of labels. Throws an Error for a file whose scores are not known to be right. */
export function scoreRole(facts: GgufFacts): Role {
  const head = scoringHead(facts);
  const { rerankTemplate: template } = facts;
  return {
    pooling: "rank",
    openTokens: (tokenizer, limit) =>
      template === undefined
        ? openHeadTokens(tokenizer, limit)
        : openTemplated(tokenizer, template, limit),
    trialOf: (text) => ({ text: "a", pair: text, truncate: "end" }),
    isSame: isNear,
    tasks: () => tasksOf(facts, head.labels),
    valueOf: (job, numbers) => valueOf(job, numbers, head),
  };
}

/** Control tokens are not read in these texts, as llama-server does not: one would end a query early. */
function openHeadTokens(tokenizer: Tokenizer, limit: number) {
  const tokens = openTokens(tokenizer, { limit, parseSpecial: false });
  return openPairs({ tokens, template: pairTemplate(tokenizer), hasTypes: false, limit });
}

function tasksOf(facts: GgufFacts, labels: readonly string[]): ModelInfo["tasks"] {
  // Its labels are the answers that its template asks for, of a query and a document only.
  if (facts.rerankTemplate !== undefined) return { rerank: {} };
  const classify = { labels, multiLabel: labels.length === 1 };
  return ranks(facts) ? { rerank: {}, classify } : { classify };
}

function valueOf(job: ItemsJob, numbers: Float32Array, { isProbability }: ScoringHead): ItemValue {
  switch (job.task) {
    case "rerank":
      return { kind: "score", score: scoreOf(numbers, job.rawScores || isProbability) };
    case "classify":
      return { kind: "labels", scores: job.rawScores ? numbers : probabilities(numbers) };
    case "embed":
      throw new Error("bug: a model that scores was asked for vectors");
  }
}

/** As llama-server: of several numbers, the first. */
function scoreOf(numbers: Float32Array, isRaw: boolean): number {
  const number = numbers[0] ?? NaN;
  return isRaw ? number : sigmoid(number);
}

/** As transformers' text-classification pipeline, of a model whose files state no function. */
const probabilities = (numbers: Float32Array): Float32Array =>
  numbers.length === 1 ? numbers.map(sigmoid) : softmax(numbers);
