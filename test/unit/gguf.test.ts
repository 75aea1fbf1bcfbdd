import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GgufError, parseGguf, summarise } from "../../src/engines/gguf.ts";

/** Writes what the format's own description says; sizes can be made to lie. */
class Writer {
  readonly #parts: Buffer[] = [];

  u32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value >>> 0);
    this.#parts.push(part);
    return this;
  }

  u64(value: bigint | number): this {
    const part = Buffer.alloc(8);
    part.writeBigUInt64LE(BigInt(value));
    this.#parts.push(part);
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(Buffer.from(bytes));
    return this;
  }

  text(value: string): this {
    return this.u64(Buffer.byteLength(value)).raw(Buffer.from(value));
  }

  header(entries: bigint | number, version = 3): this {
    return this.raw(Buffer.from("GGUF")).u32(version).u64(7).u64(entries);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

const file = () =>
  new Writer()
    .header(8)
    .text("general.architecture")
    .u32(8)
    .text("llama")
    .text("llama.context_length")
    .u32(4)
    .u32(4096)
    .text("general.license")
    .u32(8)
    .text("mit")
    .text("tokenizer.ggml.tokens")
    .u32(9)
    .u32(8)
    .u64(3)
    .text("a")
    .text("b")
    .text("<eos>")
    .text("tokenizer.ggml.scores")
    .u32(9)
    .u32(6)
    .u64(3)
    .raw(Buffer.alloc(12))
    .text("tokenizer.ggml.add_bos")
    .u32(7)
    .raw(Buffer.of(1))
    .text("general.count")
    .u32(10)
    .u64(12)
    .text("tokenizer.chat_template")
    .u32(8)
    .text("{{ messages }}");

function parse(bytes: Buffer) {
  let reads = 0;
  return parseGguf({
    bytes: bytes.length,
    read(start, length) {
      expect(start + length).toBeLessThanOrEqual(bytes.length);
      if (++reads > 10_000) throw new Error("it reads for ever");
      return bytes.subarray(start, start + length);
    },
  });
}

describe("a whole file", () => {
  it("gives its values, and skips its arrays", () => {
    const header = parse(file().bytes());
    expect(header).toMatchObject({ version: 3, tensors: 7 });
    expect(Object.fromEntries(header.metadata)).toEqual({
      "general.architecture": "llama",
      "llama.context_length": 4096,
      "general.license": "mit",
      "tokenizer.ggml.add_bos": true,
      "general.count": 12,
      "tokenizer.chat_template": "{{ messages }}",
    });
    expect(header.keys.has("tokenizer.ggml.tokens")).toBe(true);
  });

  it("says what a server wants to know", () => {
    expect(summarise(parse(file().bytes()))).toEqual({
      architecture: "llama",
      license: "mit",
      contextLength: 4096,
      hasChatTemplate: true,
    });
  });

  it("with a text beyond all need keeps only its key", () => {
    const bytes = new Writer().header(1).text("tokenizer.chat_template").u32(8);
    const header = parse(bytes.text("x".repeat(100_000)).bytes());
    expect(header.metadata.size).toBe(0);
    expect(summarise(header).hasChatTemplate).toBe(true);
  });
});

describe("a file that is not whole", () => {
  it.each([
    ["another format", Buffer.from("PK\u0003\u0004 and more"), "is not a GGUF file"],
    ["nothing", Buffer.alloc(0), "is not a GGUF file"],
    ["an old version", new Writer().header(0, 1).bytes(), "version 1"],
    ["the other byte order", new Writer().header(0, 0x0300_0000).bytes(), "big-endian"],
    [
      "more entries than bytes (CVE-2024-23605, llama.cpp)",
      new Writer().header(2n ** 63n).bytes(),
      "cut short",
    ],
    [
      "a text longer than the file",
      new Writer()
        .header(1)
        .u64(2n ** 62n)
        .raw(Buffer.alloc(64))
        .bytes(),
      "damaged",
    ],
    [
      "an array longer than the file",
      new Writer()
        .header(1)
        .text("k")
        .u32(9)
        .u32(4)
        .u64(2n ** 61n)
        .raw(Buffer.alloc(64))
        .bytes(),
      "damaged",
    ],
    [
      "an array of more texts than bytes",
      new Writer()
        .header(1)
        .text("k")
        .u32(9)
        .u32(8)
        .u64(2n ** 61n)
        .raw(Buffer.alloc(64))
        .bytes(),
      "damaged",
    ],
    [
      "an array of arrays",
      new Writer().header(1).text("k").u32(9).u32(9).u64(1).raw(Buffer.alloc(64)).bytes(),
      "unknown type",
    ],
    [
      "a value of no known type",
      new Writer().header(1).text("k").u32(99).u64(0).bytes(),
      "unknown",
    ],
  ])("%s", (_, bytes, message) => {
    expect(() => parse(bytes)).toThrow(GgufError);
    expect(() => parse(bytes)).toThrow(message);
  });

  it.each([
    ["entries", new Writer().header(2n ** 40n)],
    [
      "texts in an array",
      new Writer()
        .header(1)
        .text("k")
        .u32(9)
        .u32(8)
        .u64(2n ** 40n),
    ],
  ])("is refused for a count of %s that cannot be, before they are read", (_, writer) => {
    const bytes = writer.raw(Buffer.alloc(4_000_000)).bytes();
    let reads = 0;
    const read = (start: number, length: number) => {
      reads += 1;
      return bytes.subarray(start, start + length);
    };
    expect(() => parseGguf({ bytes: bytes.length, read })).toThrow(GgufError);
    expect(reads).toBe(1);
  });

  it.each([
    ["entries", "too many entries", new Writer().header(100_000), 100_000 * 13],
    [
      "texts",
      "too many texts",
      new Writer().header(1).text("k").u32(9).u32(8).u64(5_000_000),
      5_000_000 * 8,
    ],
  ])("is refused for more %s than any model has", (_, message, writer, rest) => {
    const bytes = writer.raw(Buffer.alloc(rest)).bytes();
    const read = (start: number, length: number) => bytes.subarray(start, start + length);
    expect(() => parseGguf({ bytes: bytes.length, read })).toThrow(message);
  });

  it("is refused wherever it is cut", () => {
    const whole = file().bytes();
    for (let length = 0; length < whole.length; length++) {
      expect(() => parse(whole.subarray(0, length)), `cut at ${length}`).toThrow(GgufError);
    }
  });

  it("with any bytes changed is read or refused, and nothing else", () => {
    const whole = file().bytes();
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(changes, (all) => {
        const bytes = Buffer.from(whole);
        for (const [place, value] of all) bytes[place] = value;
        try {
          parse(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(GgufError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
