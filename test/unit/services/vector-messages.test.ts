import fc from "fast-check";
import jspb, { type BinaryReader } from "google-protobuf";
import { describe, expect, it } from "vitest";
import {
  type Embedding,
  EmbedResponse,
  EmbedStreamResponse,
} from "../../../gen/inferd/v1/embedding_service.ts";
import {
  type VectorEmbedding,
  type VectorEmbedResponse,
  writeEmbedResponse,
  writeEmbedStreamResponse,
} from "../../../src/services/vector-messages.ts";

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const finite = fc.float({ noNaN: true, noDefaultInfinity: true });

const embedding: fc.Arbitrary<VectorEmbedding> = fc.record({
  index: fc.oneof(fc.constant(0), fc.constantFrom(127, 128, 16_383, 16_384), uint32),
  vector: fc.array(finite, { maxLength: 50 }).map((values) => Float32Array.from(values)),
  packed: fc.uint8Array({ maxLength: 300 }),
  scale: finite,
  tokens: uint32,
  truncated: fc.boolean(),
  error: fc.option(fc.record({ reason: fc.string(), message: fc.string({ unit: "binary" }) }), {
    nil: undefined,
  }),
});

const response: fc.Arbitrary<VectorEmbedResponse> = fc.record({
  embeddings: fc.array(embedding, { maxLength: 5 }),
  usage: fc.option(
    fc.record({ promptTokens: uint32, cachedPromptTokens: uint32, completionTokens: uint32 }),
    {
      nil: undefined,
    },
  ),
  timings: fc.constant(undefined),
  model: fc.option(fc.record({ name: fc.string(), version: fc.string(), digest: fc.string() }), {
    nil: undefined,
  }),
});

/** What ts-proto takes for the same embedding. */
function plain(item: VectorEmbedding): Embedding {
  return { ...item, vector: Array.from(item.vector), packed: Buffer.from(item.packed) };
}

describe("an embedding response", () => {
  it("has the bytes that ts-proto gives it", () => {
    fc.assert(
      fc.property(response, (value) => {
        const theirs = EmbedResponse.encode({
          ...value,
          embeddings: value.embeddings.map(plain),
        }).finish();
        expect(writeEmbedResponse(value).equals(theirs)).toBe(true);
      }),
    );
  });

  it("has them in a stream too, up to the end", () => {
    fc.assert(
      fc.property(embedding, (value) => {
        const theirs = EmbedStreamResponse.encode({
          event: { $case: "embedding", value: plain(value) },
        }).finish();
        const ours = writeEmbedStreamResponse({ event: { $case: "embedding", value } });
        expect(ours.equals(theirs)).toBe(true);
      }),
    );
    const event = {
      $case: "finish",
      value: { model: { name: "m", version: "", digest: "" } },
    } as const;
    expect(
      writeEmbedStreamResponse({ event }).equals(EmbedStreamResponse.encode({ event }).finish()),
    ).toBe(true);
  });

  it("is read by google-protobuf as what was written", () => {
    fc.assert(
      fc.property(response, (value) => {
        const reader = new jspb.BinaryReader(writeEmbedResponse(value));
        const read: unknown[] = [];
        while (reader.nextField()) {
          if (reader.getFieldNumber() === 1) read.push(readEmbedding(reader));
          else reader.skipField();
        }
        expect(read).toEqual(value.embeddings.map(withoutError));
      }),
    );
  });

  it("keeps a vector that is a part of a larger array", () => {
    const whole = Float32Array.from([1, 2, 3, 4]);
    const value = {
      index: 0,
      packed: new Uint8Array(),
      scale: 0,
      tokens: 1,
      truncated: false,
      error: undefined,
    };
    const bytes = writeEmbedResponse({ embeddings: [{ ...value, vector: whole.subarray(1, 3) }] });
    expect(EmbedResponse.decode(bytes).embeddings[0]?.vector).toEqual([2, 3]);
  });
});

function withoutError({ error, vector, packed, scale, ...rest }: VectorEmbedding) {
  const positive = (number: number) => (number === 0 ? 0 : number);
  return {
    ...rest,
    vector: Array.from(vector),
    packed: Array.from(packed),
    scale: positive(scale),
    failed: error !== undefined,
  };
}

function readEmbedding(reader: BinaryReader) {
  const read = {
    index: 0,
    vector: [] as number[],
    packed: [] as number[],
    scale: 0,
    tokens: 0,
    truncated: false,
    failed: false,
  };
  reader.readMessage(read, () => {
    while (reader.nextField()) {
      switch (reader.getFieldNumber()) {
        case 1:
          read.index = reader.readUint32();
          break;
        case 2:
          reader.readPackableFloatInto(read.vector);
          break;
        case 3:
          read.packed = Array.from(reader.readBytes());
          break;
        case 4:
          read.scale = reader.readFloat();
          break;
        case 5:
          read.tokens = reader.readUint32();
          break;
        case 6:
          read.truncated = reader.readBool();
          break;
        default:
          read.failed = true;
          reader.skipField();
      }
    }
  });
  return read;
}
