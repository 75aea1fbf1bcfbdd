/** What the client packages say of themselves. */
import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (file: string): string => readFileSync(file, "utf8");
const { version, license } = JSON.parse(read("package.json")) as Record<string, string>;

it.each([
  ["packages/client/package.json", /^ {2}"version": "(.+)",$/m],
  ["packages/python/pyproject.toml", /^version = "(.+)"$/m],
  ["packages/java/pom.xml", /^ {2}<version>(.+)<\/version>$/m],
  ["packages/java/README.md", /^ {2}<version>(.+)<\/version>$/m],
  ["packages/rust/Cargo.toml", /^version = "(.+)"$/m],
  ["packages/rust/Cargo.lock", /^name = "inferd-v1"\nversion = "(.+)"$/m],
])("%s has the project's version", (file, pattern) => {
  expect(pattern.exec(read(file))?.[1]).toBe(version);
});

it.each([
  ["packages/client/package.json", /^ {2}"license": "(.+)",$/m],
  ["packages/python/pyproject.toml", /^license = "(.+)"$/m],
  ["packages/java/pom.xml", /<license>\s*<name>(.+)<\/name>/],
  ["packages/rust/Cargo.toml", /^license = "(.+)"$/m],
])("%s has the project's licence", (file, pattern) => {
  expect(pattern.exec(read(file))?.[1]).toBe(license);
});

it("has one Go module path in protos, go.mod and the page that resolves it", () => {
  const [, module] = /^module (.+)$/m.exec(read("packages/go/go.mod")) ?? [];
  const page = read("packages/go/go-import.html");
  expect(page).toContain(`content="${module} git https://inferd.dev/inferd.git packages/go"`);
  for (const file of globSync("proto/inferd/v1/*.proto")) {
    expect(read(file)).toContain(`option go_package = "${module}/inferd/v1;inferdv1";`);
  }
});
