import { expect, it } from "vitest";
import { buildCommit } from "../../../src/base/build.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";

it.each([
  ["a branch", { HEAD: "ref: refs/heads/main\n", "refs/heads/main": `${commit}\n` }, commit],
  [
    "a packed branch",
    { HEAD: "ref: refs/heads/main\n", "packed-refs": `# pack-refs\n${commit} refs/heads/main\n` },
    commit,
  ],
  ["a detached head", { HEAD: `${commit}\n` }, commit],
  ["a branch without a commit", { HEAD: "ref: refs/heads/main\n" }, ""],
  ["no repository", {}, ""],
])("reads the commit of %s", (_, files: Readonly<Record<string, string>>, expected) => {
  expect(buildCommit((path) => files[path])).toBe(expected);
});
