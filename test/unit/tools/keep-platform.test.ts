import { expect, it } from "vitest";
import { foreignOf, withoutDigest } from "../../../tools/keep-platform.ts";

const paths = [
  "onnxruntime-node/bin/napi-v6/darwin/arm64",
  "onnxruntime-node/bin/napi-v6/linux/arm64",
  "onnxruntime-node/bin/napi-v6/linux/x64",
  "onnxruntime-node/bin/napi-v6/win32/x64",
  "tokenizers/index.js",
  "tokenizers/tokenizers.darwin-arm64.node",
  "tokenizers/tokenizers.darwin-universal.node",
  "tokenizers/tokenizers.linux-arm64-gnu.node",
  "tokenizers/tokenizers.linux-x64-gnu.node",
  "tokenizers/tokenizers.linux-x64-musl.node",
  "tokenizers/tokenizers.win32-x64-msvc.node",
  "@node-llama-cpp/linux-arm64",
  "@node-llama-cpp/linux-x64",
  "@node-llama-cpp/mac-arm64-metal",
  "@node-llama-cpp/win-x64",
];

it.each([
  [
    { os: "linux", cpu: "x64", libc: "gnu" },
    ["napi-v6/linux/x64", "linux-x64-gnu.node", "@node-llama-cpp/linux-x64"],
  ],
  [
    { os: "linux", cpu: "x64", libc: "musl" },
    ["napi-v6/linux/x64", "linux-x64-musl.node", "@node-llama-cpp/linux-x64"],
  ],
  [
    { os: "linux", cpu: "arm64", libc: "gnu" },
    ["napi-v6/linux/arm64", "linux-arm64-gnu.node", "@node-llama-cpp/linux-arm64"],
  ],
  [
    { os: "darwin", cpu: "arm64", libc: undefined },
    ["darwin/arm64", "darwin-arm64.node", "darwin-universal.node", "mac-arm64-metal"],
  ],
  [
    { os: "win32", cpu: "x64", libc: undefined },
    ["napi-v6/win32/x64", "win32-x64-msvc.node", "@node-llama-cpp/win-x64"],
  ],
])("leaves for %j its own libraries, and whatever is no library", (platform, own) => {
  const foreign = foreignOf(paths, platform);
  const kept = paths.filter((path) => !foreign.includes(path));
  expect(kept).toHaveLength(own.length + 1);
  expect(kept).toContain("tokenizers/index.js");
  for (const end of own) expect(kept.some((path) => path.endsWith(end))).toBe(true);
});

it("names the packages that no digest of the lock was held against", () => {
  const lock = { packages: { "node_modules/a": { integrity: "sha512-x" }, "node_modules/b": {} } };
  expect(withoutDigest(["a", "b", "c"], lock)).toEqual(["b", "c"]);
});
