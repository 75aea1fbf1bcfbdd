/** Isolates a text that the graph cannot compute from the others of its batch. */
import type { ErrorData } from "../../base/errors.ts";

/** The vector of a text, or why there is none. */
export type Computed = Float32Array | ErrorData;

const failed: ErrorData = {
  reason: "INTERNAL",
  message: "the engine could not compute this text; the server's log says why",
};

/**
 * Computes a batch. If that fails, computes each text alone, and calls `onFailure` for those that fail again. After an
 * error, ONNX Runtime's process is still sound.
 */
export async function computeEach<Text>(
  batch: readonly Text[],
  compute: (batch: readonly Text[]) => Promise<readonly Float32Array[]>,
  onFailure: (thrown: unknown) => void,
): Promise<readonly Computed[]> {
  try {
    return await compute(batch);
  } catch (thrown) {
    if (batch.length <= 1) {
      onFailure(thrown);
      return batch.map(() => failed);
    }
  }
  const computed: Computed[] = [];
  for (const text of batch) computed.push(...(await computeEach([text], compute, onFailure)));
  return computed;
}
