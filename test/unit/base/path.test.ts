import { describe, expect, it } from "vitest";
import { liesWithin, withoutFolders } from "../../../src/base/path.ts";

describe("a path", () => {
  it.each([
    ["/m", "/m/model.onnx", true],
    ["/m", "/m", true],
    // As Kubernetes mounts a ConfigMap.
    ["/m", "/m/..2026_11_30_10_00_00.1/model.onnx", true],
    ["/m", "/m/...", true],
    ["/m", "/", false],
    ["/m", "/model.onnx", false],
    ["/m", "/mm/model.onnx", false],
    ["/m/a", "/m/..a/model.onnx", false],
    ["/", "/m", true],
  ])("in %s: %s is %s", (folder, path, expected) => {
    expect(liesWithin(folder, path)).toBe(expected);
  });
});

describe("a text for callers", () => {
  it.each([
    [
      'resolved path: "/srv/m/secret.bin" allowed directory: "/srv/m"',
      'resolved path: "secret.bin" allowed directory: "m"',
    ],
    [
      "Load model from /srv/m/model.onnx failed:Protobuf parsing failed.",
      "Load model from model.onnx failed:Protobuf parsing failed.",
    ],
    ["failed:/srv/m/model.onnx", "failed:model.onnx"],
    [
      "ENOENT: no such file or directory, open '/srv/x'",
      "ENOENT: no such file or directory, open 'x'",
    ],
    ["at file:///srv/own/engine.ts:3:1", "at engine.ts:3:1"],
    ["C:\\models\\m\\model.onnx is not there", "model.onnx is not there"],
    ["/model.onnx", "model.onnx"],
    ["look in /srv/models/", "look in models"],
  ])("loses the folders of %s", (text, expected) => {
    expect(withoutFolders(text)).toBe(expected);
  });

  it.each([
    "see https://github.com/onnx/onnx/blob/main/docs/ExternalData.md",
    "mean and/or cls",
    "1_Pooling/config.json asks for 1/2 of it",
    "tokens / second",
  ])("keeps %s", (text) => {
    expect(withoutFolders(text)).toBe(text);
  });

  it("loses folders with blanks in their names where they are known", () => {
    const text = 'cannot open "/home/my models/é/model.onnx"';
    const files = ["/home/my models/tokenizer.json", "/home/my models/é/model.onnx", "/x"];
    expect(withoutFolders(text, files)).toBe('cannot open "model.onnx"');
  });
});
