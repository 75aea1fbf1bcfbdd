import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { settingKeys } from "../../src/config/config.ts";
import { flagName, settings, valueText } from "../../src/config/settings.ts";
import { binary, inferd, start } from "./process.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "inferd-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

it("prints its version, that of package.json", async () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(await inferd(["--version"])).toEqual({ code: 0, out: `${version}\n`, err: "" });
});

it("runs from any folder, through a chain of links", async () => {
  symlinkSync(binary, join(folder, "first"));
  symlinkSync("first", join(folder, "second"));
  const linked = start(["--version"], { cwd: folder, binary: "./second" });
  expect(await linked.ended).toMatchObject({ code: 0, err: "" });
});

it.each(["serve", "models", "generate", "embed", "call"])("explains %s", async (command) => {
  const { code, out, err } = await inferd([command, "--help"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(new RegExp(`^Usage: inferd ${command} `));
  expect(out).not.toMatch(/default:\s+(?:""|\[\]|\{\})/);
});

it("has every setting in the help of serve", async () => {
  const { out } = await inferd(["serve", "--help"]);
  const shown = settingKeys.map((key) => `${flagName(key)} ${valueText(settings[key])}`);
  expect(shown.filter((text) => !out.includes(text))).toEqual([]);
});

it("states its exit codes", async () => {
  const { out } = await inferd(["--help"]);
  for (const code of ["0", "1", "2", "130"]) expect(out).toMatch(new RegExp(`^  ${code} `, "m"));
});

it.each([
  [["serve", "--port", "many"], '--port must be a whole number from 0 to 65535, not "many"'],
  [["serve", "--prot", "1"], "--port"],
  [["serve", "--host", "unix:"], "--host must name a socket's path after unix:"],
  [["serve", "--config", "missing.yaml"], "--config: missing.yaml does not exist"],
  [["sreve"], "serve"],
  [["generate", "p", "--temperature", "warm"], "--temperature"],
  [["generate", "p", "--max-tokens", "-1"], "--max-tokens"],
  [["generate", "p", "--truncation", "middle"], "none, end, start"],
  [["generate", "p", "--logit-bias", "x=1"], "--logit-bias"],
  [["generate", "p", "-H", "no colon"], "name: value"],
  [["generate", "p", "--timeout", "0"], "--timeout"],
  [["embed", "t", "--dimensions", "1.5"], "--dimensions"],
  [["call", "M", "{}", "--protoset", "missing.binpb"], "--protoset"],
])("refuses %j with exit code 2 and one line", async (args, says) => {
  const { code, out, err } = await inferd(args, { cwd: folder });
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(/^inferd: /);
  expect(err).toContain(says);
  expect(err.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
  expect(err).not.toMatch(/^\s+at /m);
});

it("takes a bad setting from the environment or a file as a wrong start too", async () => {
  const env = { INFERD_LOG_LEVEL: "loud" };
  expect(await inferd(["serve"], { env })).toMatchObject({
    code: 2,
    err: 'inferd: INFERD_LOG_LEVEL must be one of debug, info, warn, error, silent, not "loud"\n',
  });
  writeFileSync(join(folder, "inferd.yaml"), "host: ::1\nprot: 1\n");
  expect(await inferd(["serve", "--config", join(folder, "inferd.yaml")])).toMatchObject({
    code: 2,
    err: 'inferd: inferd.yaml:2: "prot" is not a setting\n',
  });
});
