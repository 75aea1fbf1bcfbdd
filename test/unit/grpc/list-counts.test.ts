import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, it } from "vitest";
import { GenerateRequest } from "../../../gen/inferd/v1/generation_service.ts";
import { EmbedRequest } from "../../../gen/inferd/v1/embedding_service.ts";
import { ServeError } from "../../../src/base/errors.ts";
import { wireServices } from "../../../src/grpc/wire/services.ts";
import { limits } from "../../grpc/fake-models.ts";
import { descriptors } from "../../grpc/support.ts";

const { registry } = descriptors;
const { generation, embedding } = wireServices({ limits, registry });
const generate = generation.generate.requestDeserialize;
const embed = embedding.embed.requestDeserialize;

function fieldOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (thrown) {
    return thrown instanceof ServeError ? thrown.violations[0]?.field : "another error";
  }
}

const generateBytes = (fields: Parameters<typeof GenerateRequest.fromPartial>[0]): Buffer =>
  Buffer.from(GenerateRequest.encode(GenerateRequest.fromPartial(fields)).finish());

const biases = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, id) => [id, 1] as const));
const messages = (count: number) =>
  Array.from({ length: count }, () => ({ role: 2, content: "" }) as const);
const chat = (count: number) =>
  ({ input: { $case: "chat", value: { messages: messages(count) } } }) as const;

/** A prompt of tokens: each list one piece, each number alone. All have two bytes, as most tokens do. */
function tokens(...parts: readonly (readonly number[] | number)[]): Buffer {
  const writer = new BinaryWriter().tag(4, WireType.LengthDelimited).fork();
  for (const part of parts) {
    if (typeof part === "number") writer.tag(1, WireType.Varint).uint32(part);
    else {
      writer.tag(1, WireType.LengthDelimited).fork();
      for (const id of part) writer.uint32(id);
      writer.join();
    }
  }
  return Buffer.from(writer.join().finish());
}

const labels = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, key) => [`key ${key}`, "value"]));

const id = 300;
const ids = (count: number) => Array.from({ length: count }, () => id);

describe("a request whose lists are counted before it is read", () => {
  it.each([
    ["sampling.stop", generateBytes({ sampling: { stop: Array.from({ length: 17 }, () => "x") } })],
    ["call.labels", generateBytes({ call: { labels: labels(17) } })],
    ["sampling.logit_bias", generateBytes({ sampling: { logitBias: biases(1025) } })],
    ["chat.messages", generateBytes(chat(1025))],
  ])("is refused for too many of %s", (field, bytes) => {
    expect(fieldOf(() => generate(bytes))).toBe(field);
  });

  it.each([
    generateBytes({ sampling: { stop: Array.from({ length: 16 }, () => "x") } }),
    generateBytes({ call: { labels: labels(16) } }),
    generateBytes({ sampling: { logitBias: biases(1024) } }),
    generateBytes(chat(1024)),
  ])("is read where there are as many as may be", (bytes) => {
    expect(fieldOf(() => generate(bytes))).toBe(undefined);
  });

  it("is refused for a list in several pieces, which a reader would join", () => {
    expect(
      fieldOf(() => generate(Buffer.concat([generateBytes(chat(600)), generateBytes(chat(600))]))),
    ).toBe("chat.messages");
  });

  it("is refused for millions of empty texts sooner than they could be read", () => {
    const bytes = Buffer.alloc(8_000_000);
    for (let at = 0; at < bytes.length; at += 2) bytes[at] = 0x12;
    const read = () => embed(bytes);
    expect(fieldOf(read)).toBe("inputs");
    // Whatever the machine: the count stops at the first too many, so the rest costs nothing.
    expect(fieldOf(() => embed(bytes.subarray(0, 2 * limits.maxInputs)))).toBe(undefined);
  });

  const few = { ...limits, maxPromptTokens: 4 };
  const fewTokens = wireServices({ limits: few, registry }).generation;

  it.each([
    ["in one piece", [tokens(ids(4)), tokens(ids(5))]],
    ["alone", [tokens(...ids(4)), tokens(...ids(5))]],
    ["in pieces", [tokens(ids(2), [], ids(2)), tokens(ids(2), [], ids(3))]],
    ["in pieces and alone", [tokens(id, ids(2), id), tokens(id, ids(2), id, id)]],
    [
      "in two messages, which a reader would join",
      [
        Buffer.concat([tokens(ids(3)), tokens(id)]),
        Buffer.concat([tokens(ids(3)), tokens(id, id)]),
      ],
    ],
    [
      "of one byte and of five",
      [tokens([1, 2 ** 32 - 1, 1, 1]), tokens([1, 2 ** 32 - 1, 1, 1, 1])],
    ],
  ])("is refused for too many token ids %s, before they are read", (_, [most, tooMany]) => {
    const read = fewTokens.generateStream.requestDeserialize;
    expect([fieldOf(() => read(most!)), fieldOf(() => read(tooMany!))]).toEqual([
      undefined,
      "token_ids.ids",
    ]);
  });

  it("is refused at the first token id too many, whatever comes after", () => {
    const read = fewTokens.generate.requestDeserialize;
    const noNumber = Buffer.alloc(11, 0xff);
    const withRest = (count: number) => {
      const numbers = Buffer.concat([Buffer.alloc(count, 1), noNumber]);
      const head = new BinaryWriter().tag(4, WireType.LengthDelimited).uint32(numbers.length + 2);
      head.tag(1, WireType.LengthDelimited).uint32(numbers.length);
      return Buffer.concat([head.finish(), numbers]);
    };
    expect(fieldOf(() => read(withRest(5)))).toBe("token_ids.ids");
    expect(fieldOf(() => read(withRest(4)))).toBe("another error");
  });

  it("has as many token ids as its reader finds, where one is cut off by its piece's end", () => {
    const read = fewTokens.generate.requestDeserialize;
    const cut = (count: number) => {
      const piece = [0x0a, count, ...Array.from({ length: count - 1 }, () => 1), 0x80];
      return Buffer.from([0x22, piece.length + 1, ...piece, 1]);
    };
    expect(read(cut(4)).input).toEqual({ $case: "tokenIds", value: { ids: [1, 1, 1, 128] } });
    expect(fieldOf(() => read(cut(5)))).toBe("token_ids.ids");
    expect(fieldOf(() => read(cut(4).subarray(0, -1)))).toBe("another error");
  });

  it("is left to its reader where its bytes are no message", () => {
    const writer = new BinaryWriter().tag(3, WireType.LengthDelimited).uint32(1_000_000);
    expect(fieldOf(() => generate(Buffer.from(writer.finish())))).toBe("another error");
    const whole = EmbedRequest.encode(EmbedRequest.fromPartial({ inputs: ["a"] })).finish();
    expect(fieldOf(() => embed(Buffer.from(whole.subarray(0, -1))))).toBe("another error");
  });
});
