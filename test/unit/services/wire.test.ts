import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, it, vi } from "vitest";
import { GenerateRequest } from "../../../gen/inferd/v1/generation_service.ts";
import { EmbedRequest } from "../../../gen/inferd/v1/embedding_service.ts";
import { ServeError } from "../../../src/base/errors.ts";
import { embeddingService, generationService } from "../../../src/services/definitions.ts";
import { limits } from "../../grpc/fake-models.ts";

const generate = generationService(limits).generate.requestDeserialize;
const embed = embeddingService(limits).embed.requestDeserialize;

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

const tokens = (count: number) =>
  generateBytes({ input: { $case: "tokens", value: { ids: new Array<number>(count).fill(300) } } });

/** The same list as a sender that packs nothing would write it. */
function unpackedTokens(count: number): Buffer {
  const writer = new BinaryWriter().tag(4, WireType.LengthDelimited).fork();
  for (let at = 0; at < count; at += 1) writer.tag(1, WireType.Varint).uint32(300);
  return Buffer.from(writer.join().finish());
}

describe("a request whose lists are counted before it is read", () => {
  it.each([
    ["stop", generateBytes({ stop: Array.from({ length: 17 }, () => "x") })],
    ["sampling.logit_bias", generateBytes({ sampling: { logitBias: biases(1025) } })],
    ["chat.messages", generateBytes(chat(1025))],
    ["tokens.ids", tokens(limits.maxPromptTokens + 1)],
    ["tokens.ids", unpackedTokens(limits.maxPromptTokens + 1)],
  ])("is refused for too many of %s", (field, bytes) => {
    expect(fieldOf(() => generate(bytes))).toBe(field);
  });

  it.each([
    generateBytes({ stop: Array.from({ length: 16 }, () => "x") }),
    generateBytes({ sampling: { logitBias: biases(1024) } }),
    generateBytes(chat(1024)),
    tokens(limits.maxPromptTokens),
    unpackedTokens(limits.maxPromptTokens),
  ])("is read where there are as many as may be", (bytes) => {
    expect(fieldOf(() => generate(bytes))).toBe(undefined);
  });

  it("is refused for a list in several pieces, which a reader would join", () => {
    expect(
      fieldOf(() => generate(Buffer.concat([generateBytes(chat(600)), generateBytes(chat(600))]))),
    ).toBe("chat.messages");
    const half = limits.maxPromptTokens / 2;
    const both = Buffer.concat([tokens(half), unpackedTokens(half), tokens(1)]);
    expect(fieldOf(() => generate(both))).toBe("tokens.ids");
  });

  it("is refused for millions of empty texts sooner than they could be read", () => {
    const bytes = Buffer.alloc(8_000_000);
    for (let at = 0; at < bytes.length; at += 2) bytes[at] = 0x12;
    const read = () => embed(bytes);
    expect(fieldOf(read)).toBe("inputs");
    // Whatever the machine: the count stops at the first too many, so the rest costs nothing.
    expect(fieldOf(() => embed(bytes.subarray(0, 2 * limits.maxInputs)))).toBe(undefined);
  });

  it("is refused for millions of token ids before a list of them is made", () => {
    const count = 4_000_000;
    const ids = Buffer.from(
      new BinaryWriter().tag(1, WireType.LengthDelimited).uint32(count).finish(),
    );
    const head = new BinaryWriter().tag(4, WireType.LengthDelimited).uint32(ids.length + count);
    const bytes = Buffer.concat([head.finish(), ids, Buffer.alloc(count)]);
    const decode = vi.spyOn(GenerateRequest, "decode");
    expect(fieldOf(() => generate(bytes))).toBe("tokens.ids");
    expect(decode).not.toHaveBeenCalled();
    decode.mockRestore();
  });

  it("is left to its reader where its bytes are no message", () => {
    const writer = new BinaryWriter().tag(3, WireType.LengthDelimited).uint32(1_000_000);
    expect(fieldOf(() => generate(Buffer.from(writer.finish())))).toBe("another error");
    const whole = EmbedRequest.encode(EmbedRequest.fromPartial({ inputs: ["a"] })).finish();
    expect(fieldOf(() => embed(Buffer.from(whole.subarray(0, -1))))).toBe("another error");
  });
});
