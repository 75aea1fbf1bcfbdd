/** Builds each client package, installs it into an empty project, and makes the first call of its README. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { command } from "../command.ts";
import { blocksOf } from "../documents.ts";
import { type RealServer, startServer } from "../real-server.ts";
import { goProject } from "./go-import.ts";
import { javaProject, npmProject, pythonProject, rustProject } from "./package-projects.ts";

const packages = {
  client: { language: "ts", project: npmProject },
  python: { language: "python", project: pythonProject },
  go: { language: "go", project: goProject },
  java: { language: "java", project: javaProject },
  rust: { language: "rust", project: rustProject },
};
type Name = keyof typeof packages;

/** Folders of packages/ to leave out, as CI does with those that take long to build. */
const unwanted = (process.env["INFERD_SKIP_PACKAGES"] ?? "").split(" ");

let server: RealServer | undefined;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "inferd-packages-"));
  server = await startServer("bin/inferd serve");
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it("tries what every folder of packages/ has", () => {
  expect(Object.keys(packages).sort()).toEqual(readdirSync("packages").sort());
});

it.for(Object.keys(packages) as Name[])(
  "packages/%s serves whoever installs it",
  { timeout: 600_000 },
  async (name, { skip }) => {
    skip(unwanted.includes(name), "INFERD_SKIP_PACKAGES names it");
    const said = await command("tools/packages", [name]);
    skip(said.includes(": skipped"), said.trim());
    const project = mkdtempSync(join(folder, name));
    const text = await packages[name].project(project, firstCall(name));
    expect(text.trim().length).toBeGreaterThan(20);
  },
);

/** The program in a package's README, which calls the test's server. */
function firstCall(name: Name): string {
  const blocks = blocksOf(readFileSync(`packages/${name}/README.md`, "utf8"));
  const program = blocks.find(({ language }) => language === packages[name].language)!.text;
  expect(program).toContain("localhost:50051");
  return program.replace("localhost:50051", server!.address);
}
