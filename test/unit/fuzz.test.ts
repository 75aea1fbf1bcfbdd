/** What the fuzz tests decide by themselves: a leak that they overlook is a leak that stays. */
import { expect, it } from "vitest";
import { EmbedResponse, EmbedStreamResponse } from "../../gen/inferd/v1/embedding_service.ts";
import { caseOf } from "../fuzz/cases.ts";
import { canary } from "../fuzz/values.ts";
import { faultsOf } from "../fuzz/verdict.ts";
import { type Ending, frame } from "../grpc/raw.ts";

const well: Ending = {
  ...{ code: 0, message: "", details: undefined, http: 200, reset: 0 },
  ...{ body: Buffer.alloc(0), said: "" },
};
const call = { ...caseOf(1, 1), cancels: false, isBelowGrpc: false };

const answers = {
  Embed: (error: { reason: string; message: string }) =>
    EmbedResponse.encode(EmbedResponse.fromPartial({ embeddings: [{}, { error }] })).finish(),
  EmbedStream: (error: { reason: string; message: string }) =>
    EmbedStreamResponse.encode(
      EmbedStreamResponse.fromPartial({ event: { $case: "embedding", value: { error } } }),
    ).finish(),
} as const;

it.each(Object.entries(answers))(
  "an answer of %s is searched for what its texts' errors tell",
  (method, answer) => {
    const path = `/inferd.v1.EmbeddingService/${method}`;
    const faults = (message: string, reason = "INPUT_TOO_LONG") =>
      faultsOf({ ...call, path }, { ...well, body: frame(answer({ reason, message })) });
    expect(faults("the text is too long")).toEqual([]);
    expect(faults(`${canary} is too long`)).toEqual([
      "tells what the caller sent in an item's error",
    ]);
    expect(faults("no /home/me/models")).toEqual(["tells a path in an item's error"]);
    expect(faults("x at run (a.js:1:2)")).toEqual(["tells a stack in an item's error"]);
    expect(faults("too long", "INTERNAL")).toEqual(["has an item with the reason INTERNAL"]);
  },
);
