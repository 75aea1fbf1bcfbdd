import { errorMessage } from "../../../base/text.ts";
import type { EngineHost, TextBatching } from "../../engine.ts";
import { type Computed, computeEach } from "../../texts/isolation.ts";
import type { EncodedText } from "../../texts/unread.ts";
import type { PooledModel } from "./model.ts";

/** A batch that the library does not compute is tried again text by text. */
export function encodeWith(model: PooledModel, host: EngineHost, batching: TextBatching) {
  let said = "";
  const note = (thrown: unknown): void => {
    const why = errorMessage(thrown);
    // A client that sends such a text can send many.
    if (why !== said) host.log("error", `the model fails on a text: ${why}`);
    said = why;
  };
  const together = (texts: readonly EncodedText[]) =>
    Promise.resolve().then(() => model.compute(texts.map(({ ids }) => ids)));
  return async (texts: readonly EncodedText[], threads: number): Promise<readonly Computed[]> => {
    model.setThreads(threads);
    if (batching !== "alone") return computeEach(texts, together, note);
    const computed: Computed[] = [];
    for (const text of texts) computed.push(...(await computeEach([text], together, note)));
    return computed;
  };
}
