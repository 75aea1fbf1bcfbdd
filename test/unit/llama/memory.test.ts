import { describe, expect, it } from "vitest";
import {
  bytesOfCell,
  kvBytesOf,
  planMemory,
  prefixBytesOf,
} from "../../../src/engines/llama/memory.ts";
import type { ModelShape } from "../../../src/engines/llama/memory.ts";

const small: ModelShape = {
  layers: 6,
  embedding: 256,
  heads: 8,
  keyValueHeads: 4,
  keyLength: undefined,
  valueLength: undefined,
  trainedContext: 2048,
};
const large: ModelShape = {
  layers: 32,
  embedding: 4096,
  heads: 32,
  keyValueHeads: 8,
  keyLength: 128,
  valueLength: 128,
  trainedContext: 131_072,
};
const gibibyte = 2 ** 30;
const unasked = {
  ...{ contextLength: undefined, kvCells: undefined },
  ...{ unified: false, bytes: gibibyte },
};

describe("planMemory", () => {
  it.each([
    ["each sequence a whole context", small, { sequences: 4 }, [4, 2048, 8192]],
    ["many sequences too, where it is little", small, { sequences: 64 }, [64, 2048, 64 * 2048]],
    [
      "as many as fit, where all would not",
      small,
      { sequences: 999, bytes: 100 * 2048 * bytesOfCell(small) },
      [100, 2048, 100 * 2048],
    ],
    [
      "longer contexts than 8,192 where each sequence can have one",
      large,
      { sequences: 4, bytes: 8 * gibibyte },
      [4, 16_384, 65_536],
    ],
    [
      "contexts of 8,192 to as many as can have one, and at least four",
      large,
      { sequences: 16, bytes: 6 * gibibyte },
      [6, 8192, 6 * 8192],
    ],
    ["shorter ones to four", large, { sequences: 16, bytes: 3 * gibibyte }, [4, 6144, 4 * 6144]],
    ["but none below 4,096", large, { sequences: 16 }, [2, 4096, 8192]],
    [
      "even if no more than one fits",
      large,
      { sequences: 16, bytes: gibibyte / 4 },
      [1, 4096, 4096],
    ],
    [
      "the context that is asked for, whatever it takes",
      large,
      { sequences: 16, contextLength: 32_768 },
      [1, 32_768, 32_768],
    ],
    [
      "as many of those as fit",
      large,
      { sequences: 16, contextLength: 1000, bytes: 8 * gibibyte },
      [16, 1000, 16 * 1024],
    ],
    [
      "no more context than the model was trained on",
      small,
      { sequences: 1, contextLength: 9999 },
      [1, 2048, 2048],
    ],
    ["the cells that are asked for", small, { sequences: 4, kvCells: 4096 }, [2, 2048, 4096]],
    ["no more than those", small, { sequences: 4, kvCells: 256 }, [1, 256, 256]],
    [
      "one context at least that is asked for",
      small,
      { sequences: 4, kvCells: 256, contextLength: 512 },
      [1, 512, 512],
    ],
    ["cells in whole blocks of 256", small, { sequences: 3, contextLength: 1000 }, [3, 1000, 3072]],
  ])("gives %s", (_, shape, wishes, [sequences, contextLength, cells]) => {
    const plan = planMemory(shape, { ...unasked, ...wishes });
    expect(plan).toMatchObject({ sequences, contextLength, cells, unified: false });
    expect(plan.bytes).toBe(plan.cells * bytesOfCell(shape));
  });

  it.each([
    ["no more than 16,384 cells", small, { sequences: 999 }, [2048, 16_384]],
    ["a large model a context that fits", large, { sequences: 16 }, [8192, 8192]],
    ["the cells that are asked for", small, { sequences: 4, kvCells: 4096 }, [2048, 4096]],
    ["never less than one context", small, { sequences: 4, kvCells: 256 }, [2048, 2048]],
  ])("gives sequences that share %s", (_, shape, wishes, [contextLength, cells]) => {
    const plan = planMemory(shape, { ...unasked, unified: true, ...wishes });
    expect(plan).toMatchObject({ contextLength, cells, sequences: wishes.sequences });
    expect(plan.unified).toBe(true);
  });

  it("says where memory cut a context that nobody asked for", () => {
    expect(planMemory(large, { ...unasked, sequences: 16 }).cutFrom).toBe(131_072);
    expect(planMemory(small, { ...unasked, sequences: 16 }).cutFrom).toBeUndefined();
    const asked = { ...unasked, sequences: 16, contextLength: 512 };
    expect(planMemory(large, asked).cutFrom).toBeUndefined();
  });

  it("takes an eighth of the memory unasked, and at least a gibibyte", () => {
    expect([kvBytesOf(0), kvBytesOf(4 * gibibyte), kvBytesOf(24 * gibibyte)]).toEqual([
      gibibyte,
      gibibyte,
      3 * gibibyte,
    ]);
  });
});

it("lets prefixes fill every slot twice, within an eighth of the memory", () => {
  expect(prefixBytesOf({ bytes: gibibyte }, 24 * gibibyte)).toBe(2 * gibibyte);
  expect(prefixBytesOf({ bytes: 2 * gibibyte }, 24 * gibibyte)).toBe(3 * gibibyte);
});

describe("bytesOfCell", () => {
  it("counts keys and values of every layer as 16-bit floats", () => {
    expect(bytesOfCell(small)).toBe(6 * 4 * (32 + 32) * 2);
    expect(bytesOfCell(large)).toBe(131_072);
  });

  it("counts every head where layers differ", () => {
    expect(bytesOfCell({ ...small, keyValueHeads: 0 })).toBe(6 * 8 * 64 * 2);
  });
});
