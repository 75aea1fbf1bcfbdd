/** Classification: the labels of texts, and of pairs of texts. */
import type {
  Classification,
  ClassifyRequest,
  ClassifyResponse,
  Label,
} from "../../gen/inferd/v1/classification_service.ts";
import type { Handler } from "../calls/call.ts";
import type { Limits } from "../contract/limits.ts";
import { ruleOf } from "../contract/methods.ts";
import { validated } from "../contract/validation/validated.ts";
import type { ClassifyJob } from "../engines/engine.ts";
import type { Models, ModelStatus } from "../models/model.ts";
import type { EncodedItem } from "../workers/messages.ts";
import { assertItemsFit } from "./answer-size.ts";
import { itemErrorOf } from "./item-errors.ts";
import { computeItems } from "./items-call.ts";
import { truncationOf } from "./messages.ts";

export interface ClassificationOptions {
  readonly models: Models;
  readonly limits: Limits;
}

export interface ClassificationHandlers {
  readonly classify: Handler<ClassifyRequest, ClassifyResponse>;
}

export function classificationHandlers(options: ClassificationOptions): ClassificationHandlers {
  const { models, limits } = options;
  return {
    classify: validated(
      ruleOf("inferd.v1.ClassificationService/Classify", limits),
      async function* (request, context) {
        const check = (status: ModelStatus): void =>
          assertFits(request, labelsOf(status), limits.maxResponseBytes);
        const call = { models, limits, job: jobOf(request), field: "inputs", check };
        const { items, finish, status } = await computeItems(request, context, call);
        const labels = labelsOf(status);
        const classifications = items.map((item) => classificationOf(item, labels, request));
        yield { classifications, finish };
      },
    ),
  };
}

const labelsOf = ({ info }: ModelStatus): readonly string[] => info?.tasks.classify?.labels ?? [];

function jobOf({ inputs, truncation, rawScores }: ClassifyRequest): ClassifyJob {
  const pairs = inputs.map(({ pair }) => (pair === "" ? undefined : pair));
  return {
    kind: "items",
    task: "classify",
    items: inputs.map(({ text }) => text),
    ...(pairs.some((pair) => pair !== undefined) && { pairs }),
    truncate: truncationOf(truncation),
    rawScores,
  };
}

/** The other fields of a label: a score, an index, tags and lengths. */
const labelBytes = 24;

function assertFits(
  { inputs, topN }: ClassifyRequest,
  labels: readonly string[],
  mostBytes: number,
): void {
  const sizes = labels.map((label) => labelBytes + Buffer.byteLength(label));
  const largest = sizes.sort((a, b) => b - a).slice(0, topN);
  const bytes = inputs.length * largest.reduce((sum, size) => sum + size, 0);
  const advice = "set top_n, or send fewer inputs";
  assertItemsFit({ count: inputs.length, bytes }, mostBytes, { field: "inputs", advice });
}

function classificationOf(
  item: EncodedItem,
  labels: readonly string[],
  { topN }: ClassifyRequest,
): Classification {
  const { index, tokenCount, truncated, error } = item;
  return {
    index,
    labels: scoresOf(item, labels)
      .sort((a, b) => b.score - a.score)
      .slice(0, topN),
    tokenCount,
    truncated,
    error: error && itemErrorOf(error),
  };
}

function scoresOf({ value, error }: EncodedItem, labels: readonly string[]): Label[] {
  if (error !== undefined) return [];
  if (value.kind !== "labels") throw new Error("bug: a classification job gave another value");
  return labels.map((name, index) => ({ name, index, score: value.scores[index] ?? 0 }));
}
