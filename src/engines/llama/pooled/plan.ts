/** Of texts of which length a model gives numbers. */

/** Of a text, unless the manifest states more: all of a batch's tokens have a row of the vocabulary in memory. */
const usualTokens = 2048;

export interface TextPlan {
  readonly contextLength: number;
  /** The model's own, where the plan's is shorter though no manifest asks for that. */
  readonly cutFrom: number | undefined;
  readonly batchTokens: number;
}

interface Wanted {
  readonly trainedContext: number;
  readonly contextLength: number | undefined;
  readonly batchTokens: number;
}

/** Throws an Error for a context that the model was not trained for: some have no position there. */
export function planTexts({ trainedContext, contextLength, batchTokens }: Wanted): TextPlan {
  const most = contextLength ?? Math.min(trainedContext, usualTokens);
  if (most > trainedContext) {
    throw new Error(
      `limits.context_length is ${most}, and the model takes ${trainedContext} tokens`,
    );
  }
  const isCut = contextLength === undefined && most < trainedContext;
  return {
    contextLength: most,
    cutFrom: isCut ? trainedContext : undefined,
    batchTokens: Math.max(most, batchTokens),
  };
}
