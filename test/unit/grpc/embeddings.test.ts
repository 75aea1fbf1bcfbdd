import { BinaryReader as FieldReader, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import jspb, { type BinaryReader } from "google-protobuf";
import { describe, expect, it } from "vitest";
import {
  type Embedding,
  EmbedResponse,
  EmbedStreamResponse,
  type TokenVectors,
} from "../../../gen/inferd/v1/embedding_service.ts";
import { writeEmbedResponse, writeEmbedStreamResponse } from "../../../src/grpc/wire/embeddings.ts";
import type {
  VectorEmbedding,
  VectorEmbedResponse,
  VectorValue,
} from "../../../src/services/embedding-types.ts";
import { descriptors } from "../../grpc/support.ts";

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const finite = fc.float({ noNaN: true, noDefaultInfinity: true });

const floats = fc.record({
  $case: fc.constant("float32"),
  value: fc.record({
    values: fc.array(finite, { maxLength: 50 }).map((values) => Float32Array.from(values)),
  }),
});
const halves = fc.record({
  $case: fc.constant("float16"),
  value: fc.uint8Array({ maxLength: 300 }),
});

const value: fc.Arbitrary<VectorValue> = fc.oneof(
  floats,
  halves,
  fc.record({ $case: fc.constant("binary"), value: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({
    $case: fc.constant("int8"),
    value: fc.record({ values: fc.uint8Array({ maxLength: 300 }), scale: finite }),
  }),
  fc.record({
    $case: fc.constant("sparse"),
    value: fc.array(fc.tuple(uint32, finite), { maxLength: 50 }).map((numbers) => ({
      indices: Uint32Array.from(numbers, ([index]) => index),
      values: Float32Array.from(numbers, ([, number]) => number),
    })),
  }),
  fc.record({
    $case: fc.constant("tokens"),
    value: fc.record({ dimensions: uint32, vectors: fc.oneof(floats, halves) }),
  }),
  fc.record({
    $case: fc.constant("error"),
    value: fc.record({ reason: fc.string(), message: fc.string({ unit: "binary" }) }),
  }),
);

const embedding: fc.Arbitrary<VectorEmbedding> = fc.record({
  index: fc.oneof(fc.constant(0), fc.constantFrom(127, 128, 16_383, 16_384), uint32),
  value,
  tokenCount: uint32,
  truncated: fc.boolean(),
});

const response: fc.Arbitrary<VectorEmbedResponse> = fc.record({
  embeddings: fc.array(embedding, { maxLength: 5 }),
  finish: fc.option(
    fc.record({
      usage: fc.record({
        promptTokens: uint32,
        cachedPromptTokens: uint32,
        completionTokens: uint32,
      }),
      timings: fc.constant(undefined),
      model: fc.record({ name: fc.string(), version: fc.string(), digest: fc.string() }),
      requestId: fc.string(),
    }),
    { nil: undefined },
  ),
});

/** What ts-proto takes for the same embedding. */
function plain(item: VectorEmbedding): Embedding {
  return { ...item, value: plainValue(item.value) };
}

function plainValue({ $case, value }: VectorValue): NonNullable<Embedding["value"]> {
  switch ($case) {
    case "float32":
      return { $case, value: { values: Array.from(value.values) } };
    case "float16":
    case "binary":
      return { $case, value: Buffer.from(value) };
    case "int8":
      return { $case, value: { values: Buffer.from(value.values), scale: value.scale } };
    case "sparse": {
      const { indices, values } = value;
      return { $case, value: { indices: Array.from(indices), values: Array.from(values) } };
    }
    case "tokens": {
      const { dimensions, vectors } = value;
      return { $case, value: { dimensions, vectors: plainVectors(vectors) } };
    }
    case "error":
      return { $case, value };
  }
}

type Vectors = Extract<VectorValue, { readonly $case: "tokens" }>["value"]["vectors"];

function plainVectors({ $case, value }: Vectors): TokenVectors["vectors"] {
  return $case === "float32"
    ? { $case, value: { values: Array.from(value.values) } }
    : { $case, value: Buffer.from(value) };
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
      value: { model: { name: "m", version: "", digest: "" }, requestId: "r" },
    } as const;
    expect(
      writeEmbedStreamResponse({ event }).equals(EmbedStreamResponse.encode({ event }).finish()),
    ).toBe(true);
  });

  it("has every field of the contract", () => {
    const half = Uint8Array.of(1, 2);
    const full = { index: 1, tokenCount: 1, truncated: true };
    const values: readonly VectorValue[] = [
      { $case: "float32", value: { values: Float32Array.of(1) } },
      { $case: "float16", value: Uint8Array.of(1, 2) },
      { $case: "int8", value: { values: Uint8Array.of(1), scale: 1 } },
      { $case: "binary", value: Uint8Array.of(1) },
      { $case: "sparse", value: { indices: Uint32Array.of(1), values: Float32Array.of(1) } },
      { $case: "tokens", value: { dimensions: 1, vectors: { $case: "float16", value: half } } },
      { $case: "error", value: { reason: "INTERNAL", message: "m" } },
    ];
    const written = new Map<number, Uint8Array>();
    for (const value of values) {
      const event = { $case: "embedding", value: { ...full, value } } as const;
      const message = fieldsIn(writeEmbedStreamResponse({ event })).get(1)!;
      for (const [number, bytes] of fieldsIn(message)) written.set(number, bytes);
    }
    const { float32, int8, ...others } = numbersOf("Embedding");
    expect([...written.keys()].sort()).toEqual([float32, int8, ...Object.values(others)].sort());
    const ofVector = fieldsIn(written.get(float32!)!);
    expect([...ofVector.keys()]).toEqual(Object.values(numbersOf("FloatVector")));
    const ofInt8 = fieldsIn(written.get(int8!)!);
    expect([...ofInt8.keys()]).toEqual(Object.values(numbersOf("Int8Vector")));
    const ofSparse = fieldsIn(written.get(numbersOf("Embedding")["sparse"]!)!);
    expect([...ofSparse.keys()]).toEqual(Object.values(numbersOf("SparseVector")));
    const ofTokens = fieldsIn(written.get(numbersOf("Embedding")["tokens"]!)!);
    const { dimensions, float16 } = numbersOf("TokenVectors");
    expect([...ofTokens.keys()]).toEqual([dimensions, float16]);
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
        expect(read).toEqual(value.embeddings.map(shown));
      }),
    );
  });

  it("keeps a vector that is a part of a larger array", () => {
    const whole = Float32Array.from([1, 2, 3, 4]);
    const value = { $case: "float32", value: { values: whole.subarray(1, 3) } } as const;
    const embedding = { index: 0, value, tokenCount: 1, truncated: false };
    const bytes = writeEmbedResponse({ embeddings: [embedding], finish: undefined });
    expect(EmbedResponse.decode(bytes).embeddings[0]?.value?.value).toEqual({ values: [2, 3] });
  });
});

/** A message's fields by their numbers, with the bytes of those that have a length. */
function fieldsIn(bytes: Uint8Array): Map<number, Uint8Array> {
  const reader = new FieldReader(bytes);
  const fields = new Map<number, Uint8Array>();
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) fields.set(number, reader.bytes());
    else {
      reader.skip(wireType, number);
      fields.set(number, new Uint8Array());
    }
  }
  return fields;
}

function numbersOf(message: string): Record<string, number> {
  const { fields } = descriptors.registry.getMessage(`inferd.v1.${message}`)!;
  return Object.fromEntries(fields.map(({ name, number }) => [name, number]));
}

const positive = (number: number) => (number === 0 ? 0 : number);

/** What google-protobuf is to read. Of an error, only that it is there. */
function shown({ index, value: { $case, value }, tokenCount, truncated }: VectorEmbedding) {
  const known = { index, tokenCount, truncated };
  switch ($case) {
    case "float32":
      return { ...known, float32: Array.from(value.values) };
    case "float16":
    case "binary":
      return { ...known, [$case]: Array.from(value) };
    case "int8":
      return { ...known, int8: { values: Array.from(value.values), scale: positive(value.scale) } };
    case "sparse": {
      const [indices, values] = [Array.from(value.indices), Array.from(value.values)];
      return { ...known, sparse: { indices, values } };
    }
    case "tokens": {
      const { dimensions, vectors } = value;
      return { ...known, tokens: { dimensions, [vectors.$case]: numbersIn(vectors) } };
    }
    case "error":
      return { ...known, error: true };
  }
}

const numbersIn = ({ $case, value }: Vectors): readonly number[] =>
  $case === "float32" ? Array.from(value.values) : Array.from(value);

function readEmbedding(reader: BinaryReader) {
  const read: Record<string, unknown> = { index: 0, tokenCount: 0, truncated: false };
  reader.readMessage(read, () => {
    while (reader.nextField()) {
      switch (reader.getFieldNumber()) {
        case 8:
          read["binary"] = Array.from(reader.readBytes());
          break;
        case 1:
          read["index"] = reader.readUint32();
          break;
        case 2:
          read["float32"] = readFloats(reader);
          break;
        case 3:
          read["float16"] = Array.from(reader.readBytes());
          break;
        case 4:
          read["int8"] = readInt8(reader);
          break;
        case 5:
          read["tokenCount"] = reader.readUint32();
          break;
        case 6:
          read["truncated"] = reader.readBool();
          break;
        case 9:
          read["sparse"] = readSparse(reader);
          break;
        case 10:
          read["tokens"] = readTokens(reader);
          break;
        default:
          read["error"] = true;
          reader.skipField();
      }
    }
  });
  return read;
}

function readFloats(reader: BinaryReader): number[] {
  const values: number[] = [];
  reader.readMessage(values, () => {
    while (reader.nextField()) reader.readPackableFloatInto(values);
  });
  return values;
}

function readSparse(reader: BinaryReader) {
  const read = { indices: [] as number[], values: [] as number[] };
  reader.readMessage(read, () => {
    while (reader.nextField()) {
      if (reader.getFieldNumber() === 1) reader.readPackableUint32Into(read.indices);
      else reader.readPackableFloatInto(read.values);
    }
  });
  return read;
}

function readTokens(reader: BinaryReader) {
  const read: Record<string, unknown> = { dimensions: 0 };
  reader.readMessage(read, () => {
    while (reader.nextField()) {
      switch (reader.getFieldNumber()) {
        case 1:
          read["dimensions"] = reader.readUint32();
          break;
        case 2:
          read["float32"] = readFloats(reader);
          break;
        default:
          read["float16"] = Array.from(reader.readBytes());
      }
    }
  });
  return read;
}

function readInt8(reader: BinaryReader) {
  const read = { values: [] as number[], scale: 0 };
  reader.readMessage(read, () => {
    while (reader.nextField()) {
      if (reader.getFieldNumber() === 1) read.values = Array.from(reader.readBytes());
      else read.scale = reader.readFloat();
    }
  });
  return read;
}
