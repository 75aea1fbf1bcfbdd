import { describe, expect, it } from "vitest";
import {
  encodeFrame,
  FrameError,
  FrameReader,
  type Head,
  longestHead,
} from "../../../../src/engines/process/frames.ts";
import { packTexts, textsOf } from "../../../../src/engines/process/texts.ts";

const bytesOf = (head: Head, body?: Buffer): Buffer => Buffer.concat(encodeFrame(head, body));

describe("frames", () => {
  const sent = [
    bytesOf({ type: "piece", id: 7 }, Buffer.from("grün")),
    bytesOf({ type: "done", id: 7, note: "ü" }),
    bytesOf({ type: "vectors" }, Buffer.alloc(1000, 1)),
  ];
  const stream = Buffer.concat(sent);

  it.each([1, 2, 7, 8, 9, 64, stream.length])("are read from chunks of %d bytes", (size) => {
    const reader = new FrameReader();
    const frames = Array.from({ length: Math.ceil(stream.length / size) }, (_, chunk) =>
      reader.push(stream.subarray(chunk * size, (chunk + 1) * size)),
    ).flat();
    expect(frames.map(({ head }) => head)).toEqual([
      { type: "piece", id: 7 },
      { type: "done", id: 7, note: "ü" },
      { type: "vectors" },
    ]);
    expect(frames.map(({ body }) => body.length)).toEqual([5, 0, 1000]);
    expect(frames[0]?.body.toString()).toBe("grün");
  });

  it("are not copied where they are whole", () => {
    const [frame] = new FrameReader().push(stream);
    expect(frame?.body.buffer).toBe(stream.buffer);
  });

  const lengths = (head: number, body: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(head, 0);
    bytes.writeUInt32LE(body, 4);
    return bytes;
  };
  const text = (head: string): Buffer =>
    Buffer.concat([lengths(head.length, 0), Buffer.from(head)]);

  it.each([
    ["a head that is too long", lengths(longestHead + 1, 0)],
    ["a body that is too long", lengths(2, 256 * 1024 * 1024 + 1)],
    ["a head that is not JSON", text("{")],
    ["a head that is no object", text('"piece"')],
    ["a head that is null", text("null")],
    ["a head without a type", text('{"id":7}')],
    ["a type that is no string", text('{"type":7}')],
    ["an empty head", lengths(0, 0)],
    ["a line of text", Buffer.from("hello, world\n")],
  ])("with %s break the connection", (_, bytes) => {
    expect(() => new FrameReader().push(bytes)).toThrow(FrameError);
  });

  it("are not written where they are too long", () => {
    expect(() => encodeFrame({ type: "x", text: "a".repeat(longestHead) })).toThrow(FrameError);
  });
});

describe("texts in a body", () => {
  it("come back as they were", () => {
    const texts = ["grün", "", "日本", "a"];
    const { lengths, body } = packTexts(texts);
    expect(textsOf({ head: { type: "pieces", lengths }, body })).toEqual(texts);
  });

  it.each([[undefined], [[1]], [[3]], [[-1, 3]], [[0.5, 1.5]], [["2"]]])(
    "break the connection with the lengths %j",
    (lengths) => {
      const frame = { head: { type: "pieces", lengths }, body: Buffer.from("ab") };
      expect(() => textsOf(frame)).toThrow(FrameError);
    },
  );
});
