import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOfAll, Digests, sha256Of } from "../../../src/catalog/digest.ts";
import { nameOf } from "../../../src/catalog/without-manifest.ts";
import { findModels } from "../../../src/catalog/find.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "inferd-store-"));
});

afterEach(async () => rm(root, { recursive: true }));

async function addModel(folder: string, name = folder, manifest = "model.yaml"): Promise<string> {
  const path = join(root, folder);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "weights"), "abc");
  await writeFile(
    join(path, manifest),
    `{ name: ${name}, task: generate, engine: llama, files: { model: weights } }`,
  );
  return path;
}

/** A GGUF file with one text value. */
async function addGguf(name: string, architecture = "llama"): Promise<string> {
  const text = (value: string) => {
    const length = Buffer.alloc(8);
    length.writeUInt32LE(value.length);
    return Buffer.concat([length, Buffer.from(value)]);
  };
  const bytes = Buffer.concat([
    Buffer.from("GGUF\u0003\0\0\0" + "\0".repeat(8) + "\u0001" + "\0".repeat(7)),
    text("general.architecture"),
    Buffer.of(8, 0, 0, 0),
    text(architecture),
  ]);
  await writeFile(join(root, name), bytes);
  return join(root, name);
}

const find = (directories: readonly string[], paths: readonly string[] = []) =>
  findModels({ directories, paths });

const namesIn = (paths: readonly string[]) =>
  findModels({ directories: [], paths, mayBeMissing: true }).then((all) =>
    all.map(({ name }) => name),
  );

describe("a models directory", () => {
  it("gives the models of its folders by name, whatever else it holds", async () => {
    await addModel("b-folder", "zebra");
    await addModel("c-folder", "ant", "model.json");
    await mkdir(join(root, "notes"));
    await writeFile(join(root, "README.md"), "");
    expect((await find([root])).map(({ name }) => name)).toEqual(["ant", "zebra"]);
  });

  it("that holds no model is a mistake", async () => {
    await expect(find([root])).rejects.toThrow("holds no model");
  });

  it("that is not there is a mistake", async () => {
    await expect(find([join(root, "none")])).rejects.toThrow("is not a folder");
  });

  it("with two models of one name is a mistake that names both", async () => {
    await addModel("one", "same");
    await addModel("two", "same");
    await expect(find([root])).rejects.toThrow(/named same: .*one.* and .*two/);
  });

  it("with two manifests in a folder is a mistake", async () => {
    await addModel("one", "one", "model.yaml");
    await addModel("one", "one", "model.json");
    await expect(find([root])).rejects.toThrow("both model.yaml and model.json");
  });

  it("says all that is wrong in all its folders", async () => {
    await addModel("one", "/");
    await addModel("two", "/");
    await expect(find([root], [join(root, "none")])).rejects.toThrow(
      /^one\/model.yaml:1: name .*\ntwo\/model.yaml:1: name .*\n.*none does not exist$/,
    );
  });
});

describe("a path", () => {
  it("may be a model's folder or its manifest", async () => {
    const one = await addModel("one");
    const two = join(await addModel("two"), "model.yaml");
    expect((await find([], [one, two])).map(({ name }) => name)).toEqual(["one", "two"]);
  });

  it("may be a bare GGUF file", async () => {
    const path = await addGguf("Tiny Llama (1B).Q4_0.gguf");
    expect(await find([], [path])).toMatchObject([
      {
        name: "Tiny-Llama-1B.Q4_0",
        task: "generate",
        engine: "llama",
        files: { model: { path } },
      },
    ]);
  });

  it("may be a bare file that no engine can load: its model is to fail, and no other", async () => {
    const [vectors, fake] = [await addGguf("vectors.gguf", "bert"), join(root, "fake.gguf")];
    await writeFile(fake, "hello");
    const found = await find([], [vectors, fake]);
    expect(found).toMatchObject([
      { name: "fake", license: "" },
      { name: "vectors", license: "" },
    ]);
  });

  it("may be a bare file that has gone, once a server runs", async () => {
    const gone = join(root, "gone.gguf");
    await expect(find([], [gone])).rejects.toThrow("does not exist");
    expect(await namesIn([gone])).toEqual(["gone"]);
    await expect(namesIn([join(root, "gone")])).rejects.toThrow("does not exist");
  });

  it("may be a bare Python file, whose tasks it says itself", async () => {
    const path = join(root, "my model_1.py");
    await writeFile(path, "import inferd");
    const [manifest] = await find([], [path]);
    expect(manifest).toMatchObject({ name: "my-model_1", task: undefined, engine: path });
    expect(manifest?.stamp).not.toBe("");
  });

  it("may be a bare Python file that has gone, once a server runs", async () => {
    const gone = join(root, "gone.py");
    await expect(find([], [gone])).rejects.toThrow("does not exist");
    expect(await namesIn([gone])).toEqual(["gone"]);
  });

  it("to a changed Python file gives another manifest", async () => {
    const path = join(root, "m.py");
    await writeFile(path, "import inferd");
    const before = await find([], [path]);
    expect(await find([], [path])).toEqual(before);
    await writeFile(`${path}.new`, "import inferd");
    await rename(`${path}.new`, path);
    expect(await find([], [path])).not.toEqual(before);
  });

  it("may not be a later part of a split file", async () => {
    const path = await addGguf("m-00002-of-00003.gguf");
    await expect(find([], [path])).rejects.toThrow("name the first");
  });

  it("may not be something else", async () => {
    const path = join(root, "notes.txt");
    await writeFile(path, "");
    await expect(find([], [path])).rejects.toThrow("is no model");
  });
});

it.each([
  ["/models/llama.gguf", "llama"],
  ["/models/Big-00001-of-00004.gguf", "Big"],
  ["/models/_odd name!.gguf", "odd-name"],
  ["/models/日本.gguf", "model"],
  ["/models/my_model.py", "my_model"],
  ["/models/my.gguf.py", "my.gguf"],
  [`/models/${"x".repeat(200)}.gguf`, "x".repeat(128)],
])("names %s %s", (path, name) => {
  expect(nameOf(path)).toBe(name);
});

describe("a folder without a manifest", () => {
  async function folderOf(...files: string[]): Promise<string> {
    const folder = join(root, "models--acme--tiny-bert", "snapshots", "0a1b");
    for (const file of files) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), "");
    }
    return folder;
  }

  it.each(["model.onnx", "onnx/model.onnx"])(
    "is served where it has %s and a tokenizer",
    async (graph) => {
      const folder = await folderOf(graph, "tokenizer.json", "model.safetensors");
      const expected = { name: "tiny-bert", task: "embed", engine: "onnx" };
      for (const path of [folder, join(folder, graph)]) {
        const [manifest] = await find([], [path]);
        expect(manifest).toMatchObject(expected);
        expect(manifest?.files["model"]?.path).toBe(join(folder, graph));
      }
    },
  );

  it.each([
    [["model.safetensors", "tokenizer.json"], "optimum-cli export onnx"],
    [["model.onnx"], "put the model's tokenizer.json there"],
    [["model.gguf"], "name the file, "],
    [["my_model.py"], "my_model.py"],
    [["README.md"], "docs/reference/manifest.md"],
  ])("with %s is told what to do", async (files, says) => {
    await expect(find([], [await folderOf(...files)])).rejects.toThrow(says);
  });
});

describe("digests", () => {
  // The standard's own example (FIPS 180-2, B.1).
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

  it("are those of the files, and say how far they got", async () => {
    await addModel("one");
    let bytes = 0;
    const digest = await sha256Of(join(root, "one", "weights"), (more) => (bytes += more));
    expect(digest).toBe(abc);
    expect(bytes).toBe(3);
  });

  it("of weights are computed where none is stated", async () => {
    const path = join(await addModel("one"), "weights");
    expect(await new Digests().ofWeights([path], [])).toBe(`sha256:${abc}`);
  });

  it("of weights above 1 GiB are empty where none is stated: they are not read", async () => {
    const path = join(await addModel("one"), "weights");
    // A hole: it takes no space.
    await truncate(path, 1024 ** 3 + 1);
    const digests = new Digests();
    expect(await digests.ofWeights([path], [{ path, sha256: undefined }])).toBe("");
    expect(await digests.ofWeights([path], [{ path, sha256: abc }])).toBe(`sha256:${abc}`);
  });

  it("that differ are an error", async () => {
    const path = join(await addModel("one"), "weights");
    const digests = new Digests();
    await digests.check({ path, sha256: abc });
    const other = { path, sha256: "0".repeat(64) };
    await expect(digests.check(other)).rejects.toThrow("another sha256");
  });

  it("are of the file that lies there now, and read once while it is the same", async () => {
    const path = join(await addModel("one"), "weights");
    const digests = new Digests();
    const first = digests.of(path);
    expect(digests.of(path)).toBe(first);
    expect(await first).toBe(abc);
    await writeFile(`${path}.new`, "abd");
    await rename(`${path}.new`, path);
    expect(await digests.of(path)).not.toBe(abc);
  });

  it("of weights in several files are that of what sha256sum prints for them, by name", async () => {
    const folder = await addModel("one");
    await writeFile(join(folder, "more"), "abc");
    const paths = ["weights", "more"].map((name) => join(folder, name));
    const printed = execFileSync("sha256sum", ["more", "weights"], { cwd: folder });
    const expected = createHash("sha256").update(printed).digest("hex");
    expect(await new Digests().ofWeights(paths, [])).toBe(`sha256:${expected}`);
    expect(digestOfAll([{ name: "weights", sha256: abc }])).toBe(abc);
  });
});
