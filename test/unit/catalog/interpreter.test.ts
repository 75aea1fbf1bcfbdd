import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findModels } from "../../../src/catalog/find.ts";
import {
  assertInterpreter,
  chooseInterpreter,
  type Interpreter,
} from "../../../src/catalog/interpreter.ts";

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "inferd-python-"));
  await mkdir(join(root, "folder"));
  await writeFile(join(root, "python"), "#!/bin/sh\n", { mode: 0o755 });
  await writeFile(join(root, "text"), "", { mode: 0o644 });
  await chmod(join(root, "text"), 0o644);
  await symlink(join(root, "gone"), join(root, "dangling"));
});

afterAll(async () => rm(root, { recursive: true }));

describe("the interpreter of a Python file", () => {
  const ofManifest = "python3.11";
  const ofSetting = "/opt/python";
  const venv = "/models/.venv/bin/python";

  it.each([
    { title: "the manifest's", ofManifest, ofSetting, there: [venv], command: ofManifest },
    { title: "the setting's", ofSetting, there: [venv], command: ofSetting },
    { title: "that of .venv next to the file", there: [venv], command: venv },
    { title: "python3", there: ["/models/venv/bin/python"], command: "python3" },
  ])("is $title", ({ there, command, ...stated }) => {
    const chosen = chooseInterpreter({
      engine: "/models/my_model.py",
      ofManifest: stated.ofManifest,
      ofSetting: stated.ofSetting,
      isThere: (path) => there.includes(path),
    });
    expect(chosen.command).toBe(command);
  });

  it("is found for a file without a manifest, though its Python has gone", async () => {
    const path = join(root, "folder", "my_model.py");
    await writeFile(path, "");
    const find = async (python?: string) => {
      const [manifest] = await findModels({ directories: [], paths: [path], python });
      return manifest?.python;
    };
    expect(await find()).toEqual({ command: "python3", from: "default" });
    await mkdir(join(root, "folder", ".venv", "bin"), { recursive: true });
    const own = join(root, "folder", ".venv", "bin", "python");
    await symlink(join(root, "gone"), own);
    expect(await find()).toEqual({ command: own, from: "venv" });
    expect(await find("python3.12")).toEqual({ command: "python3.12", from: "setting" });
  });

  it("is none for other engines", async () => {
    const path = join(root, "folder", "model.yaml");
    await writeFile(path, "{ name: demo, task: generate, engine: scripted }");
    const [manifest] = await findModels({ directories: [], paths: [path], python: "python3" });
    expect(manifest?.python).toBeUndefined();
  });
});

describe("an interpreter that is not there", () => {
  const says = (from: Interpreter["from"], command: string) => () =>
    assertInterpreter({ command, from }, `/nowhere:${root}`);

  it("is none that can be run, by its path or from PATH", () => {
    expect(says("manifest", join(root, "python"))).not.toThrow();
    expect(says("setting", "python")).not.toThrow();
  });

  it.each(["gone", "folder", "text", "dangling"])("is %s", (name) => {
    const path = join(root, name);
    expect(says("setting", path)).toThrow(`--python names ${path}, which is not a program`);
    expect(says("setting", name)).toThrow(`--python names ${name}, which is no command of PATH`);
  });

  it("is named with what to do", () => {
    const path = join(root, "gone");
    expect(says("manifest", path)).toThrow("the manifest's key python names");
    expect(says("venv", path)).toThrow(/python3 -m venv --clear \.venv$/);
  });

  it("is told by what starts it where nothing names one", () => {
    expect(says("default", "gone")).not.toThrow();
  });
});
