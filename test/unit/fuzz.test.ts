/** What the fuzz tests decide by themselves: a leak that they overlook is a leak that stays. */
import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { EmbedResponse, EmbedStreamResponse } from "../../gen/inferd/v1/embedding_service.ts";
import { failures, type Reason } from "../../src/base/errors.ts";
import { caseOf } from "../fuzz/cases.ts";
import type { Admission } from "../fuzz/credentials.ts";
import { type KeyName, keyRecords, keyTextOf } from "../fuzz/keys.ts";
import { canary } from "../fuzz/values.ts";
import { faultsOf } from "../fuzz/verdict.ts";
import { type Ending, frame } from "../grpc/raw.ts";

const well: Ending = {
  ...{ code: 0, message: "", details: undefined, http: 200, reset: 0 },
  ...{ body: Buffer.alloc(0), said: "" },
};
const call = { ...caseOf(1, 1), cancels: false, isBelowGrpc: false };

const failed = (value: { reason: string; message: string }) =>
  ({ value: { $case: "error", value } }) as const;

const answers = {
  Embed: (error: { reason: string; message: string }) =>
    EmbedResponse.encode(EmbedResponse.fromPartial({ embeddings: [{}, failed(error)] })).finish(),
  EmbedStream: (error: { reason: string; message: string }) =>
    EmbedStreamResponse.encode(
      EmbedStreamResponse.fromPartial({ event: { $case: "embedding", value: failed(error) } }),
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
      "tells what the caller sent or is known by in an item's error",
    ]);
    expect(faults("no /home/me/models")).toEqual(["tells a path in an item's error"]);
    expect(faults("x at run (a.js:1:2)")).toEqual(["tells a stack in an item's error"]);
    expect(faults("too long", "INTERNAL")).toEqual(["has an item with the reason INTERNAL"]);
  },
);

describe("a call that shows a key", () => {
  const path = "/inferd.v1.ModelService/ListModels";
  const faults = (admission: Admission, end: Partial<Ending>) =>
    faultsOf({ ...call, path, admission }, { ...well, ...end });
  const ended = (reason: Reason) => ({
    code: status[failures[reason].code],
    details: {
      ...{ reason, domain: "", facts: {}, violations: [], resource: undefined, help: [] },
      ...{ retryMs: undefined, bytes: 0 },
    },
  });

  it("is answered where the key is right, and only there", () => {
    expect(faults("in", {})).toEqual([]);
    expect(faults("out", {})).toEqual(["is answered without a right key"]);
    const early = { ...ended("CREDENTIAL_INVALID"), body: Buffer.alloc(1) };
    expect(faults("out", early)).toEqual(["is answered without a right key"]);
    expect(faults("in", ended("CREDENTIAL_INVALID"))).toHaveLength(1);
    expect(faults("out", ended("CREDENTIAL_INVALID"))).toEqual([]);
  });

  it("is told nothing of its request where the key is wrong", () => {
    expect(faults("in", ended("FIELD_INVALID"))).toEqual([]);
    expect(faults("out", ended("FIELD_INVALID"))).toHaveLength(1);
  });

  it.each(keyRecords)("is told neither secret nor hash of $id", ({ id, hash }) => {
    for (const said of [keyTextOf(id as KeyName), `of ${hash}`]) {
      expect(faults("out", { ...ended("CREDENTIAL_INVALID"), said })).toEqual([
        "tells what the caller sent or is known by",
      ]);
    }
  });
});
