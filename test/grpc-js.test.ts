/** grpc-js is known in one room, and its private fields in one folder of it, where each workaround gives its reason. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const folder = "src/grpc/workarounds/";
const sources = globSync("src/**/*.ts");
const workarounds = sources.filter((file) => file.startsWith(folder));
const adapter = sources.filter(
  (file) => file.startsWith("src/grpc/") && !workarounds.includes(file),
);

const textOf = (file: string): string => readFileSync(file, "utf8");

const filesWith = (pattern: RegExp, files: readonly string[]): string[] =>
  files.filter((file) => pattern.test(textOf(file)));

it("is imported by the server's adapter and by the command line, which is a client, and by no other", () => {
  const rooms = filesWith(/"@grpc\/[\w-]+"/, sources).map((file) => file.split("/")[1]);
  expect([...new Set(rooms)].toSorted()).toEqual(["cli", "grpc"]);
});

it("has its private fields reached in the workarounds alone, of all files that have hold of what it makes", () => {
  // Types hide them: reaching one takes a cast, or an index by name. Names of headers have a dash, and types a capital.
  const holders = filesWith(/"(?:@grpc\/[\w-]+|[./]+\/workarounds\/[^"]+)"/, adapter);
  const reaches = /as unknown as|\bas any\b|\binternalsOf\b|\bReflect\.|\b[a-z]\w*\["\w+"\]/;
  expect(holders.length).toBeGreaterThan(5);
  expect(filesWith(reaches, holders)).toEqual([]);
  expect(filesWith(reaches, workarounds).length).toBeGreaterThan(5);
});

const installed = (
  JSON.parse(textOf("package.json")) as { dependencies: Readonly<Record<string, string>> }
).dependencies["@grpc/grpc-js"];

it.each(workarounds)("%s says of which version it is, and which test shows it", (file) => {
  const [head = ""] = /^\/\*\*.*?\*\//s.exec(textOf(file)) ?? [];
  const words = head.replaceAll(/\s*\n \*\s*/g, " ");
  expect(/grpc-js (\d+\.\d+\.\d+)/.exec(words)?.[1]).toBe(installed);
  const tests = words.match(/\btest\/[\w/-]+\.test\.ts\b/g) ?? [];
  expect(tests).not.toEqual([]);
  expect(tests.filter((test) => !existsSync(test))).toEqual([]);
});
