import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Finish,
  GenerateStreamResponse,
  Piece,
  type Started,
} from "../../../gen/inferd/v1/generation_service.ts";
import { writeGenerateStreamResponse } from "../../../src/grpc/wire/pieces.ts";

const expectSame = (response: GenerateStreamResponse): void => {
  const theirs = GenerateStreamResponse.encode(response).finish();
  expect(writeGenerateStreamResponse(response).equals(theirs)).toBe(true);
};

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme", minLength: 100, maxLength: 200 }),
  // Half of a character is written as U+FFFD.
  fc.constantFrom("", "\ud800", "a\udc00b", "x".repeat(127), "ü".repeat(8200)),
);

describe("a piece on the wire", () => {
  it("has the bytes that ts-proto gives it, with token ids or without", () => {
    const tokenIds = fc.oneof(fc.constant([]), fc.array(fc.nat(2 ** 32 - 1)));
    fc.assert(
      fc.property(text, tokenIds, (value, ids) => {
        expectSame({ event: { $case: "piece", value: { text: value, tokenIds: ids } } });
      }),
    );
  });

  it("has no field that is written nowhere", () => {
    expect(Object.keys(Piece.fromPartial({}))).toEqual(["text", "tokenIds"]);
  });
});

it("writes other events as ts-proto does", () => {
  const model = { name: "m", version: "1", digest: "d" };
  const started: Started = { model, seed: 7n, requestId: "r" };
  const finish: Finish = {
    model,
    requestId: "r",
    usage: undefined,
    timings: undefined,
    reason: 1,
    stopSequence: "",
  };
  expectSame({ event: { $case: "started", value: started } });
  expectSame({ event: { $case: "finish", value: finish } });
  expectSame({ event: undefined });
});
