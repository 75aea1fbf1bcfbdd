/** Which token ids a model knows. */
import type { Report } from "../contract/validation/report.ts";
import type { ModelStatus } from "../models/model.ts";

/** How many token ids a model knows; Infinity where it states none. */
export function vocabularyOf({ info }: ModelStatus): number {
  return info === undefined || info.vocabularySize === 0 ? Infinity : info.vocabularySize;
}

export function outsideVocabulary(vocabularySize: number): string {
  return `must be a token id of this model, below ${vocabularySize}`;
}

interface IdChecks {
  /** The path of the list. */
  readonly at: string;
  readonly model: ModelStatus;
  readonly report: Report;
}

/** Adds each id that the model does not know. */
export function checkIds(ids: readonly number[], { at, model, report }: IdChecks): void {
  const size = vocabularyOf(model);
  for (const [index, id] of ids.entries()) {
    if (id >= size) report.add(`${at}[${index}]`, "UNKNOWN_VALUE", outsideVocabulary(size));
  }
}
