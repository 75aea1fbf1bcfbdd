import { describe, expect, it } from "vitest";
import { parseOptions } from "../../../src/engines/llama/options.ts";

describe("parseOptions", () => {
  it("has a default for everything", () => {
    expect(parseOptions({})).toEqual({
      library: undefined,
      kvCells: undefined,
      kvUnified: false,
      batchTokens: 512,
      gpuLayers: undefined,
      prefixReuse: true,
      prefixMemoryMib: undefined,
      prefillShare: 0.37,
      pooling: undefined,
      rerank: undefined,
    });
  });

  it("takes what is stated", () => {
    const options = { kv_cells: 4096, kv_unified: true, batch_tokens: 64, gpu_layers: 0 };
    const prompts = { prefix_reuse: false, prefix_memory_mib: 0, prefill_share: 0.5 };
    expect(parseOptions({ ...options, ...prompts, library: "lib" })).toEqual({
      library: "lib",
      kvCells: 4096,
      kvUnified: true,
      batchTokens: 64,
      gpuLayers: 0,
      prefixReuse: false,
      prefixMemoryMib: 0,
      prefillShare: 0.5,
      pooling: undefined,
      rerank: undefined,
    });
  });

  it.each([
    [{ kv_cell: 1 }, '"kv_cell"'],
    [{ kv_cells: 1.5 }, '"kv_cells"'],
    [{ kv_cells: "4096" }, '"kv_cells"'],
    [{ batch_tokens: 1 }, '"batch_tokens"'],
    [{ library: "" }, '"library"'],
    [{ prefix_reuse: "no" }, '"prefix_reuse"'],
    [{ prefix_memory_mib: -1 }, '"prefix_memory_mib"'],
    [{ prefill_share: 1 }, '"prefill_share"'],
    [{ prefill_share: "0.4" }, '"prefill_share"'],
  ])("names what is wrong in %j", (options, name) => {
    expect(() => parseOptions(options)).toThrow(name);
  });
});
