/** Computes batches on a share of the cores, each text on its own where one of them fails. */
import { errorMessage } from "../../base/text.ts";
import type { EngineHost, TextBatching } from "../engine.ts";
import type { EncodedText } from "../texts/unread.ts";
import type { Encoder } from "./encoder.ts";
import { computeEach } from "../texts/isolation.ts";
import type { Computed } from "../texts/isolation.ts";
import type { Sessions } from "./sessions.ts";

interface Encoding {
  readonly sessions: Sessions;
  readonly host: EngineHost;
  readonly batching: TextBatching;
}

/** A text that the graph fails on does not affect others, and logs one line. */
export function encodeWith(encoder: Encoder, { sessions, host, batching }: Encoding) {
  let said = "";
  const note = (thrown: unknown): void => {
    const why = errorMessage(thrown);
    // A client that sends such a text can send many.
    if (why !== said) host.log("error", `the graph fails on a text: ${why}`);
    said = why;
  };
  return async (texts: readonly EncodedText[], threads: number): Promise<readonly Computed[]> => {
    const together = async (some: readonly EncodedText[]) =>
      encoder.encode(await sessions.get(threads), some);
    if (batching !== "alone") return computeEach(texts, together, note);
    const computed: Computed[] = [];
    for (const text of texts) computed.push(...(await computeEach([text], together, note)));
    return computed;
  };
}
