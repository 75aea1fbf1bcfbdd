import { describe, expect, it } from "vitest";
import { bytesOfCell, planMemory } from "../../../src/engines/llama/memory.ts";
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
const unasked = { contextLength: undefined, kvCells: undefined, unified: undefined };

describe("planMemory", () => {
  it.each([
    ["each sequence a whole context, where it is little", small, { sequences: 4 }, [2048, 8192]],
    ["many sequences too, where it is little", small, { sequences: 64 }, [2048, 64 * 2048]],
    ["no more than 16,384 cells where that is too much", small, { sequences: 999 }, [2048, 16_384]],
    ["a large model a context that fits a gibibyte", large, { sequences: 16 }, [8192, 8192]],
    [
      "the context that is asked for, whatever it takes",
      large,
      { sequences: 16, contextLength: 32_768 },
      [32_768, 32_768],
    ],
    [
      "no more context than the model was trained on",
      small,
      { sequences: 1, contextLength: 9999 },
      [2048, 2048],
    ],
    ["the cells that are asked for", small, { sequences: 4, kvCells: 4096 }, [2048, 4096]],
    ["never less than one context", small, { sequences: 4, kvCells: 256 }, [2048, 2048]],
    [
      "each sequence its own context, where cells are not shared",
      large,
      { sequences: 16, contextLength: 1000, unified: false },
      [1000, 16 * 1024],
    ],
    [
      "each sequence an even part of the cells that are asked for",
      small,
      { sequences: 4, kvCells: 4096, unified: false },
      [1024, 4096],
    ],
    ["cells in whole blocks of 256", small, { sequences: 3, contextLength: 1000 }, [1000, 3072]],
  ])("gives %s", (_, shape, wishes, [contextLength, cells]) => {
    const plan = planMemory(shape, { ...unasked, ...wishes });
    expect(plan).toMatchObject({ contextLength, cells });
    expect(plan.bytes).toBe(plan.cells * bytesOfCell(shape));
  });

  it.each([
    ["contexts that all fit", large, { sequences: 16, contextLength: 512 }, false],
    ["but not where they do not fit", large, { sequences: 17, contextLength: 512 }, true],
    [
      "nor in fewer cells than they take",
      small,
      { sequences: 4, contextLength: 512, kvCells: 1024 },
      true,
    ],
    ["also where nobody asked for a context", small, { sequences: 16 }, false],
    ["though not a large model's", large, { sequences: 2 }, true],
    [
      "nor where sharing is asked for",
      large,
      { sequences: 2, contextLength: 512, unified: true },
      true,
    ],
  ])("keeps apart %s", (_, shape, wishes, unified) => {
    expect(planMemory(shape, { ...unasked, ...wishes }).unified).toBe(unified);
  });
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
