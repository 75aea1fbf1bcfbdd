import { copyFileSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import {
  checkLayout,
  checkVersion,
  contextMarks,
  modelMarks,
  openLibrary,
} from "../../../src/engines/llama/library.ts";
import { findLibrary, libraryFile } from "../../../src/engines/llama/location.ts";

const folders: string[] = [];
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "inferd-library-"));
  folders.push(path);
  return path;
}
afterEach(() => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true });
});

describe("the packaged library", () => {
  it("is found, and is of the release that the bindings follow", () => {
    expect(openLibrary(findLibrary(undefined)).version).toMatch(/^0\.5\./);
  });

  it("is found in another folder too", () => {
    const path = folder();
    const { directory } = findLibrary(undefined);
    for (const file of readdirSync(directory)) symlinkSync(join(directory, file), join(path, file));
    expect(openLibrary(findLibrary(path)).version).toMatch(/^0\.5\./);
  });
});

describe("a wrong library", () => {
  it("is refused where the folder holds none", () => {
    expect(() => findLibrary(folder())).toThrow("no libllama");
  });

  it("is refused where a function is missing", () => {
    const path = folder();
    const { ggmlBase, ggml } = findLibrary(undefined);
    copyFileSync(ggmlBase, join(path, "libggml-base.so"));
    copyFileSync(ggml, join(path, "libggml.so"));
    // A real library that is not libllama.
    copyFileSync(ggmlBase, join(path, "libllama.so"));
    expect(() => openLibrary(findLibrary(path))).toThrow("lacks a function of release 0.5");
  });

  it.each(["0.4.9", "0.6.0", "1.0.5", "0.50.1", ""])("is refused as version %j", (version) => {
    expect(() => checkVersion(version)).toThrow(`version ${version}, but`);
  });

  it.each([
    ["the first field", { ...contextMarks, n_ctx: 0 }, "n_ctx"],
    ["the last field", { ...contextMarks, ctx_other: 5n }, "ctx_other"],
  ])("is refused for %s", (_, actual, named) => {
    expect(() => checkLayout(actual, contextMarks, "0.5.9")).toThrow(`0.5.9 lays out ${named}`);
  });

  it("is not refused when every mark is right", () => {
    expect(() => checkLayout({ ...modelMarks, lora: 1 }, modelMarks, "0.5.9")).not.toThrow();
  });
});

describe("libraryFile", () => {
  const names = [
    "libggml-base.so",
    "libggml-cpu-x64.so",
    "libggml.v0.5.0.so",
    "libllama-common.so",
    "libllama.so.0.5.0",
    "libllama.so",
  ];
  it.each([
    ["llama", "libllama.so"],
    ["ggml", "libggml.v0.5.0.so"],
    ["ggml-base", "libggml-base.so"],
    ["mtmd", undefined],
  ])("finds %s", (stem, expected) => {
    expect(libraryFile(names, stem)).toBe(expected);
  });

  it.each(["llama.dll", "libllama.dylib", "libllama.0.dylib"])("knows %s", (name) => {
    expect(libraryFile([name], "llama")).toBe(name);
  });
});
