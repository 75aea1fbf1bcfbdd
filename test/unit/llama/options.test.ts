import { describe, expect, it } from "vitest";
import { parseOptions } from "../../../src/engines/llama/options.ts";

describe("parseOptions", () => {
  it("has a default for everything", () => {
    expect(parseOptions({})).toEqual({
      library: undefined,
      kvCells: undefined,
      kvUnified: undefined,
      batchTokens: 512,
      gpuLayers: undefined,
      prefixReuse: true,
    });
  });

  it("takes what is stated", () => {
    const options = { kv_cells: 4096, batch_tokens: 64, gpu_layers: 0, prefix_reuse: false };
    expect(parseOptions({ ...options, library: "lib" })).toEqual({
      library: "lib",
      kvCells: 4096,
      kvUnified: undefined,
      batchTokens: 64,
      gpuLayers: 0,
      prefixReuse: false,
    });
  });

  it.each([
    [{ kv_cell: 1 }, '"kv_cell"'],
    [{ kv_cells: 1.5 }, '"kv_cells"'],
    [{ kv_cells: "4096" }, '"kv_cells"'],
    [{ batch_tokens: 1 }, '"batch_tokens"'],
    [{ library: "" }, '"library"'],
    [{ prefix_reuse: "no" }, '"prefix_reuse"'],
  ])("names what is wrong in %j", (options, name) => {
    expect(() => parseOptions(options)).toThrow(name);
  });
});
