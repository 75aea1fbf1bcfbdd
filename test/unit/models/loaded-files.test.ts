import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stampOf } from "../../../src/base/stamp.ts";
import { Digests } from "../../../src/catalog/digest.ts";
import { LoadedFiles } from "../../../src/models/loaded-files.ts";
import { emptyInfo } from "../../fixtures/fake-port.ts";
import { scriptedManifest } from "../../fixtures/scripted-registry.ts";

const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "inferd-loaded-"));
  path = join(folder, "weights");
  writeFileSync(path, "abc");
});

afterEach(() => rmSync(folder, { recursive: true }));

function replace(text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

function open({ sha256, serves = false }: { sha256?: string; serves?: boolean } = {}) {
  const manifest = scriptedManifest({ files: { model: { path, sha256 } } });
  return new LoadedFiles({ manifest, digests: new Digests(), serves: () => serves });
}

async function load(files: LoadedFiles): Promise<string> {
  await (
    await files.check()
  )(emptyInfo);
  return files.digest;
}

describe("a worker's files", () => {
  it("are those of the stated digest, at each load", async () => {
    const files = open({ sha256: abc });
    expect(await load(files)).toBe(`sha256:${abc}`);
    replace("abd");
    await expect(files.check()).rejects.toThrow("another sha256");
    replace("abc");
    expect(await load(files)).toBe(`sha256:${abc}`);
  });

  it("are its engine and what runs it, where they are its own", async () => {
    const check = (engine: string, command = "/bin/sh") => {
      const manifest = scriptedManifest({ engine, python: { command, from: "setting" } });
      return new LoadedFiles({ manifest, digests: new Digests(), serves: () => false }).check();
    };
    const missing = join(folder, "missing");
    await expect(check(`${missing}.py`)).rejects.toThrow("missing.py does not exist: put it there");
    await expect(check(`${missing}.ts`)).rejects.toThrow("missing.ts does not exist: put it there");
    renameSync(path, `${path}.py`);
    await expect(check(`${path}.py`, missing)).rejects.toThrow(`--python names ${missing}, which`);
    await check(`${path}.py`);
  });

  it("without a stated digest may change, and their digest is of what was loaded", async () => {
    const files = open();
    expect(await load(files)).toBe(`sha256:${abc}`);
    replace("abd");
    expect(files.digest).toBe(`sha256:${abc}`);
    expect(await load(files)).not.toBe(`sha256:${abc}`);
  });

  it("are the same as those of the model's other workers", async () => {
    const files = open({ serves: true });
    await load(files);
    replace("abd");
    await expect(load(files)).rejects.toThrow("not the one that its other workers serve");
    expect(files.digest).toBe(`sha256:${abc}`);
    // Another file of the same content is the same model.
    replace("abc");
    await load(files);
  });

  it("are not accepted where they changed while they were loaded", async () => {
    const loaded = await open().check();
    replace("abd");
    await expect(loaded(emptyInfo)).rejects.toThrow("was changed while it was loaded");
  });

  it("that are missing are told before a worker is started", async () => {
    rmSync(path);
    await expect(open().check()).rejects.toThrow("weights does not exist: put it there");
    writeFileSync(path, "abc");
  });

  it("count where an engine says that it has read more than one", async () => {
    const more = join(folder, "more");
    writeFileSync(more, "abc");
    const files = open();
    const weights = [path, more].map((each) => ({ path: each, stamp: stampOf(each) }));
    await (
      await files.check()
    )({ ...emptyInfo, weights });
    const before = files.digest;
    expect(before).not.toBe(`sha256:${abc}`);
    writeFileSync(more, "abcd");
    const changed = (await files.check())({ ...emptyInfo, weights });
    await expect(changed).rejects.toThrow("was changed while it was loaded");
  });
});
