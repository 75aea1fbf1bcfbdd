/** Model files that are wrong, checked before any native code sees them. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import koffi from "koffi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ByteSource } from "../../../src/engines/bytes.ts";
import { GgufError, parseGguf } from "../../../src/engines/gguf.ts";
import { blocks, checkGguf, checkTensors } from "../../../src/engines/gguf-tensors.ts";
import { findLibrary } from "../../../src/engines/llama/location.ts";
import { checkModelFile, readModel } from "../../../src/engines/onnx/external-data.ts";
import { entry, field, tensor, varint, withInitializer } from "../../fixtures/onnx-bytes.ts";

const models = join(import.meta.dirname, "../../../models");
const gguf = readFileSync(join(models, "inferd-demo/model.gguf"));
const headerBytes = parseGguf(sourceOf(gguf)).bytes;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "inferd-files-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

function sourceOf(bytes: Uint8Array): ByteSource {
  return {
    bytes: bytes.length,
    read(start, length) {
      expect(start + length).toBeLessThanOrEqual(bytes.length);
      return bytes.subarray(start, start + length);
    },
  };
}

function check(bytes: Uint8Array): void {
  const source = sourceOf(bytes);
  checkTensors(source, parseGguf(source));
}

function put(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe("the checks of a GGUF file", () => {
  it("pass the model that comes with inferd", () => {
    expect(() => check(gguf)).not.toThrow();
  });

  it("know the sizes of the library's types", () => {
    const ggml = koffi.load(findLibrary(undefined).ggmlBase, { global: true });
    const elements = ggml.func("int64_t ggml_blck_size(int)") as (type: number) => number;
    const bytes = ggml.func("size_t ggml_type_size(int)") as (type: number) => number;
    const actual = [...blocks.keys()].map((type) => [type, [elements(type), bytes(type)]]);
    expect(actual).toEqual([...blocks]);
  });

  it("refuse it wherever it is cut", () => {
    const cuts = Array.from({ length: 400 }, (_, part) => Math.floor((gguf.length * part) / 400));
    for (const length of [...cuts, headerBytes, gguf.length - 1]) {
      expect(() => check(gguf.subarray(0, length)), `cut at ${length}`).toThrow(GgufError);
    }
  });

  it("refuse in one line that says what to do", () => {
    const path = put("short.gguf", gguf.subarray(0, gguf.length - 100));
    expect(() => checkGguf(path)).toThrow(
      /^the model's file is cut short: .*; fetch it or convert it again$/,
    );
  });

  it("look at every part of a split file", () => {
    const path = put("split-00001-of-00002.gguf", gguf);
    expect(() => checkGguf(path)).toThrow("split-00002-of-00002.gguf does not exist");
    put("split-00002-of-00002.gguf", gguf.subarray(0, 1000));
    expect(() => checkGguf(path)).toThrow("cut short");
  });

  // Where the first tensor's description begins: its name, its shape, its type, its offset.
  const nameBytes = Number(gguf.readBigUInt64LE(headerBytes));
  const shapeAt = headerBytes + 8 + nameBytes;
  const dimensions = gguf.readUInt32LE(shapeAt);
  const typeAt = shapeAt + 4 + 8 * dimensions;
  const second = (() => {
    const at = typeAt + 12;
    const shape = at + 8 + Number(gguf.readBigUInt64LE(at));
    return { shapeAt: shape, typeAt: shape + 4 + 8 * gguf.readUInt32LE(shape) };
  })();

  it.each<[string, (bytes: Buffer) => void]>([
    [
      "a tensor beyond the file (CVE-2026-7482, Ollama)",
      (bytes) => bytes.writeBigUInt64LE(2n ** 40n, typeAt + 4),
    ],
    ["a tensor at an odd place", (bytes) => bytes.writeBigUInt64LE(7n, typeAt + 4)],
    ["a shape beyond all numbers", (bytes) => bytes.writeBigUInt64LE(2n ** 63n, shapeAt + 4)],
    [
      "a shape whose product wraps to nothing (CVE-2026-33298, llama.cpp)",
      (bytes) => {
        expect(dimensions).toBe(2);
        for (const place of [4, 12]) bytes.writeBigUInt64LE(2n ** 33n, shapeAt + place);
      },
    ],
    [
      "sizes whose sum wraps to nothing (CVE-2025-53630, llama.cpp)",
      (bytes) => {
        for (const tensor of [{ shapeAt, typeAt }, second]) {
          const rest = bytes.readUInt32LE(tensor.shapeAt);
          for (let place = 1; place < rest; place++)
            bytes.writeBigUInt64LE(1n, tensor.shapeAt + 4 + 8 * place);
          bytes.writeBigUInt64LE(2n ** 61n, tensor.shapeAt + 4);
          // Floats of four bytes: each tensor has 2 ** 63, both together 2 ** 64.
          bytes.writeUInt32LE(0, tensor.typeAt);
        }
        bytes.writeBigUInt64LE(2n ** 63n, second.typeAt + 4);
      },
    ],
    [
      "a length that native code would divide by",
      (bytes) => bytes.writeBigUInt64LE(0n, shapeAt + 4),
    ],
    ["no dimension", (bytes) => bytes.writeUInt32LE(0, shapeAt)],
    ["too many dimensions", (bytes) => bytes.writeUInt32LE(5, shapeAt)],
    ["a name without end", (bytes) => bytes.writeBigUInt64LE(2n ** 62n, headerBytes)],
    [
      "more tensors than bytes (CVE-2026-27940, llama.cpp)",
      (bytes) => bytes.writeBigUInt64LE(2n ** 60n, 8),
    ],
    ["no tensors", (bytes) => bytes.writeBigUInt64LE(0n, 8)],
  ])("refuse %s", (_, change) => {
    const bytes = Buffer.from(gguf);
    change(bytes);
    expect(() => check(bytes)).toThrow(GgufError);
  });

  it("read or refuse any change of the header, and pass no size beyond the file", () => {
    // Past the metadata, where every byte is a length, a count or a place.
    const end = headerBytes + 4000;
    const place = fc.oneof(fc.nat(64), fc.integer({ min: headerBytes, max: end }), fc.nat(end));
    const change = fc.tuple(place, fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x20, 0x09));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const bytes = Buffer.from(gguf.subarray(0, end + 100_000));
        for (const [at, value] of changes) bytes[at] = value;
        // The data itself need not be there: only its length is asked for.
        const source: ByteSource = {
          bytes: gguf.length,
          read: (start, length) => {
            expect(start + length).toBeLessThanOrEqual(gguf.length);
            const part = Buffer.alloc(length);
            bytes.subarray(start, start + length).copy(part);
            return part;
          },
        };
        try {
          checkTensors(source, parseGguf(source));
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(GgufError);
        }
      }),
      { numRuns: 300, seed: 20 },
    );
  });
});

describe("the checks of an ONNX file", () => {
  it("pass the model that comes with inferd", () => {
    expect(() => checkModelFile(join(models, "all-minilm-l6-v2/model.onnx"))).not.toThrow();
  });

  it("pass weights beside the model that are all there", () => {
    put("weights.bin", Buffer.alloc(100));
    const path = put(
      "good.onnx",
      withInitializer("weights.bin", [entry("offset", "60"), entry("length", "40")]),
    );
    expect(() => checkModelFile(path)).not.toThrow();
  });

  it.each([
    ["an absolute path", "/etc/passwd", "outside its folder"],
    ["dots", "../secret", "outside its folder"],
    ["dots inside", "a/../../secret", "outside its folder"],
    ["another system's dots", "..\\secret", "outside its folder"],
    ["a drive", "C:\\secret", "outside its folder"],
    ["a link out of it", "link.bin", "a link out of its folder"],
    ["a folder", "sub", "is not a file"],
    ["nothing", "none.bin", "does not exist"],
    ["no name", "", "has no name"],
  ])("refuse weights at %s", (_, location, message) => {
    rmSync(join(folder, "sub"), { recursive: true, force: true });
    rmSync(join(folder, "link.bin"), { force: true });
    mkdirSync(join(folder, "sub"));
    symlinkSync("/etc/passwd", join(folder, "link.bin"));
    const path = put("bad.onnx", withInitializer(location));
    expect(() => checkModelFile(path)).toThrow(message);
    expect(() => checkModelFile(path)).not.toThrow(folder);
  });

  it("pass a folder as Kubernetes mounts one", () => {
    const mounted = join(folder, "mounted");
    mkdirSync(join(mounted, "..2026_11_30"), { recursive: true });
    writeFileSync(join(mounted, "..2026_11_30/weights.bin"), Buffer.alloc(4));
    writeFileSync(join(mounted, "..2026_11_30/model.onnx"), withInitializer("weights.bin"));
    symlinkSync("..2026_11_30", join(mounted, "..data"));
    for (const name of ["weights.bin", "model.onnx"]) {
      symlinkSync(join("..data", name), join(mounted, name));
    }
    expect(() => checkModelFile(join(mounted, "model.onnx"))).not.toThrow();
  });

  it("pass a snapshot as hf download leaves it, and no blob of another repository", () => {
    const [own, other] = ["models--a--b", "models--c--d"].map((name) => join(folder, "hub", name));
    const revision = join(own!, "snapshots", "c".repeat(40));
    const blob = "ab".repeat(32);
    for (const repository of [own!, other!]) {
      mkdirSync(join(repository, "blobs"), { recursive: true });
      writeFileSync(join(repository, "blobs", blob), Buffer.alloc(4));
    }
    mkdirSync(revision, { recursive: true });
    writeFileSync(join(revision, "model.onnx"), withInitializer("weights.bin"));
    const weights = join(revision, "weights.bin");
    symlinkSync(join("../../blobs", blob), weights);
    expect(() => checkModelFile(join(revision, "model.onnx"))).not.toThrow();
    rmSync(weights);
    symlinkSync(join(other!, "blobs", blob), weights);
    expect(() => checkModelFile(join(revision, "model.onnx"))).toThrow("a link out of its folder");
  });

  it.each([
    // Protobuf's readers take tags modulo 2^32: to ONNX Runtime, this is the field 13.
    ["a tag of more than 32 bits", tagged(2 ** 32 + 13 * 8 + 2)],
    ["a field number of more than 29 bits", tagged(2 ** 32 * 8 + 13 * 8 + 2)],
    ["the field number 0", tagged(2)],
    ["a key twice", Buffer.concat([entry("location", "a"), entry("location", "../secret")])],
  ])("refuse %s", (_, bytes) => {
    const model = field(7, field(5, bytes));
    expect(() => readModel(sourceOf(model))).toThrow("damaged");
  });

  it("read a key with a byte order mark as another key", () => {
    const model = field(
      7,
      field(5, Buffer.concat([entry("\ufefflocation", "a"), entry("x", "y")])),
    );
    expect(readModel(sourceOf(model)).external).toMatchObject([{ location: "" }]);
  });

  it("refuse weights beyond the end of their file", () => {
    put("few.bin", Buffer.alloc(10));
    const path = put("bad.onnx", withInitializer("few.bin", [entry("length", "11")]));
    expect(() => checkModelFile(path)).toThrow("cut short");
  });

  it("find a tensor wherever a graph may have one", () => {
    const inNode = (attribute: Buffer) => field(1, field(5, attribute));
    const deep = inNode(field(6, inNode(field(5, tensor("deep")))));
    const model = Buffer.concat([
      field(
        7,
        Buffer.concat([field(5, tensor("plain")), field(15, field(1, tensor("sparse"))), deep]),
      ),
      field(25, field(7, field(5, field(10, tensor("function"))))),
    ]);
    const locations = readModel(sourceOf(model)).external.map(({ location }) => location);
    expect(locations.sort()).toEqual(["deep", "function", "plain", "sparse"]);
  });

  it("know the types of operators wherever a graph has them", () => {
    const node = (type: string, rest: readonly Buffer[] = []) =>
      field(1, Buffer.concat([field(4, type), ...rest]));
    const graph = Buffer.concat([node("MatMul"), node("If", [field(5, field(6, node("Add")))])]);
    const called = field(25, field(7, field(4, "DynamicQuantizeLinear")));
    const facts = readModel(sourceOf(Buffer.concat([field(7, graph), called])));
    expect([...facts.operators].sort()).toEqual(["Add", "DynamicQuantizeLinear", "If", "MatMul"]);
  });

  it.each([
    ["nothing", Buffer.alloc(0), "not an ONNX model"],
    ["another format", Buffer.from("version https://git-lfs"), "damaged"],
    [
      "a message longer than the file",
      Buffer.concat([varint(7 * 8 + 2), varint(2 ** 40)]),
      "damaged",
    ],
    ["graphs without end", nested(200), "damaged"],
  ])("refuse %s", (_, bytes, message) => {
    expect(() => readModel(sourceOf(bytes))).toThrow(message);
  });

  it("read or refuse any bytes", () => {
    const whole = withInitializer("weights.bin", [entry("offset", "60")]);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 5 }),
        (changes) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          try {
            readModel(sourceOf(bytes));
          } catch (thrown) {
            expect((thrown as Error).message).toMatch(/damaged|not an ONNX model/);
          }
        },
      ),
      { numRuns: 1000, seed: 20 },
    );
  });
});

/** An entry of external data under another tag. */
function tagged(tag: number): Buffer {
  const plain = entry("location", "../secret");
  return Buffer.concat([varint(tag), plain.subarray(1)]);
}

function nested(depth: number): Buffer {
  let graph: Buffer = Buffer.alloc(0);
  for (let level = 0; level < depth; level++) graph = field(1, field(5, field(6, graph)));
  return field(7, graph);
}

describe("in place of a model's file", () => {
  it.each<[string, (path: string) => void, string]>([
    ["nothing", () => undefined, "does not exist"],
    ["a folder", (path) => mkdirSync(path), "is not a file"],
    ["a pipe", (path) => execFileSync("mkfifo", [path]), "is not a file"],
    ["a link to itself", (path) => symlinkSync(path, path), "leads back to itself"],
  ])("%s is refused at once, by name and not by path", (kind, make, message) => {
    const path = join(folder, `${kind.replaceAll(" ", "-")}.gguf`);
    make(path);
    for (const checkFile of [checkGguf, checkModelFile]) {
      expect(() => checkFile(path)).toThrow(message);
      expect(() => checkFile(path)).not.toThrow(folder);
    }
  });
});
