/**
 * Whether the `config.json` of a model from Hugging Face is of one that scores texts, and for which task: known before
 * its graph is opened.
 */
import type { Task } from "./tasks.ts";

const architecture = /ForSequenceClassification$/;

/** Undefined for a model that does not score texts. One label is a score: it ranks. More are classes. */
export function scoringTask(config: unknown): Extract<Task, "rerank" | "classify"> | undefined {
  const architectures = valueOf(config, "architectures");
  const [first] = Array.isArray(architectures) ? (architectures as readonly unknown[]) : [];
  if (typeof first !== "string" || !architecture.test(first)) return undefined;
  return labelsOf(config).length === 1 ? "rerank" : "classify";
}

/** Names of a model's labels by index, as transformers reads them; undefined for one that the file leaves out. */
export function labelsOf(config: unknown): readonly (string | undefined)[] {
  const names = valueOf(config, "id2label");
  const stated = typeof names === "object" && names !== null ? Object.entries(names) : [];
  const count = valueOf(config, "num_labels");
  const isCounted = typeof count === "number" && Number.isInteger(count) && count >= 0;
  // Names that are not as many as `num_labels` says are replaced.
  if (stated.length === 0 || (isCounted && count !== stated.length)) {
    const labels = isCounted ? Math.min(count, mostLabels + 1) : usualLabels;
    return Array.from({ length: labels }, (_, index) => `LABEL_${index}`);
  }
  const byIndex = new Map(stated.map(([index, name]) => [Number(index), String(name)]));
  return Array.from(stated, (_, index) => byIndex.get(index));
}

/** Of a model whose file states none. */
const usualLabels = 2;

/** Far above any classifier's. */
export const mostLabels = 65_536;

function valueOf(config: unknown, key: string): unknown {
  return typeof config === "object" && config !== null ? Reflect.get(config, key) : undefined;
}
