import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readManifest } from "../../../src/catalog/manifest-file.ts";
import { manifestSchema } from "../../../src/catalog/manifest-schema.ts";
import type { SamplingDefaults } from "../../../src/catalog/manifest.ts";

let root: string;
let model: string;

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "inferd-manifest-")));
  model = join(root, "model");
  await mkdir(model);
  for (const name of ["model.gguf", "engine.ts", "engine.py", "engine"])
    await writeFile(join(model, name), "");
  await writeFile(join(model, "chat.jinja"), "{{ messages }}");
  await writeFile(join(root, "secret"), "");
  await symlink(join(root, "secret"), join(model, "link"));
});

afterAll(async () => rm(root, { recursive: true }));

async function read(text: string, name = "model.yaml") {
  const path = join(model, name);
  await writeFile(path, text);
  return readManifest(path);
}

/** The lines of what is wrong. */
async function problems(text: string): Promise<readonly string[]> {
  try {
    await read(text);
  } catch (thrown) {
    return (thrown as Error).message.split("\n");
  }
  throw new Error("nothing is wrong with it");
}

const least = `name: demo
task: generate
engine: llama
files:
  model: model.gguf
`;

describe("a manifest", () => {
  it("needs a name, a task, an engine and weights; the rest has defaults", async () => {
    expect(await read(least)).toEqual({
      name: "demo",
      version: "",
      task: "generate",
      engine: "llama",
      files: { model: { path: join(model, "model.gguf"), sha256: undefined } },
      stamp: expect.stringMatching(/^[\d.]+(:[\d.]+){3}$/) as string,
      license: "",
      description: "",
      sampling: {},
      chatTemplate: undefined,
      limits: {
        contextLength: undefined,
        maxSequences: undefined,
        maxQueuedJobs: undefined,
        maxQueuedTokens: undefined,
        maxTokens: undefined,
      },
      replicas: 1,
      threads: undefined,
      options: {},
    });
  });

  it("is another once a file has been put in the place of one", async () => {
    const before = await read(least);
    expect(await read(least)).toEqual(before);
    await writeFile(join(model, "model.new"), "");
    await rename(join(model, "model.new"), join(model, "model.gguf"));
    const after = await read(least);
    expect(after).toEqual({ ...before, stamp: after.stamp });
    expect(after.stamp).not.toBe(before.stamp);
  });

  it("states all the rest", async () => {
    const manifest = await read(
      `${least.replace("model.gguf", "{ path: model.gguf, sha256: ${SHA} }")}
version: "2"
license: MIT
description: A model
sampling: { temperature: 0.5, top_k: 10, repetition_penalty: 1.1, ignore_eos: true }
chat_template_file: chat.jinja
limits: { context_length: 1024, max_sequences: 4, max_queued_jobs: 5, max_queued_tokens: 7, max_tokens: 6 }
replicas: 2
threads: 3
options: { any: [thing] }
`.replace("${SHA}", "AB".repeat(32)),
    );
    expect(manifest).toMatchObject({
      version: "2",
      license: "MIT",
      files: { model: { sha256: "ab".repeat(32) } },
      sampling: { temperature: 0.5, topK: 10, repetitionPenalty: 1.1, ignoreEos: true },
      chatTemplate: "{{ messages }}",
      limits: {
        contextLength: 1024,
        maxSequences: 4,
        maxQueuedJobs: 5,
        maxQueuedTokens: 7,
        maxTokens: 6,
      },
      replicas: 2,
      threads: 3,
      options: { any: ["thing"] },
    });
  });

  it("may be JSON", async () => {
    const json = JSON.stringify({
      name: "demo",
      task: "generate",
      engine: "llama",
      files: { model: "model.gguf" },
    });
    expect(await read(json, "model.json")).toMatchObject({ name: "demo" });
  });

  it.each(["organisation/model", "a/b/c.d_e-f", "m".repeat(128)])(
    "may be named %s",
    async (name) => {
      expect((await read(least.replace("demo", name))).name).toBe(name);
    },
  );

  it.each(["/demo", "demo/", "a//b", "../demo", "a/../b", "a:b", "a@b", `a/${"b".repeat(127)}`])(
    "may not be named %s",
    async (name) => {
      const wrong = read(least.replace("demo", JSON.stringify(name)));
      await expect(wrong).rejects.toThrow("1: name must be 1 to 128 letters");
    },
  );

  it("may state stop sequences", async () => {
    const stated = await read(
      `${least}sampling: { stop: ["User:", "\\n\\n"], seed: 9007199254740991 }\n`,
    );
    expect(stated.sampling).toEqual({ stop: ["User:", "\n\n"], seed: Number.MAX_SAFE_INTEGER });
    const wrong = read(`${least}sampling: { stop: [""] }\n`);
    await expect(wrong).rejects.toThrow("sampling.stop.0 must be a text");
  });

  it("may name a module of its own", async () => {
    const manifest = await read("name: demo\ntask: generate\nengine: ./engine.ts\n");
    expect(manifest.engine).toBe(join(model, "engine.ts"));
  });

  it.each(["engine.ts", "engine.py", "engine"])("may leave out the task of ./%s", async (name) => {
    const manifest = await read(`name: demo\nengine: ./${name}\nsampling: { top_k: 1 }\n`);
    expect(manifest).toMatchObject({ task: undefined, engine: join(model, name) });
  });

  it.each([
    ["a path in its folder", ".venv/bin/python", () => join(model, ".venv/bin/python")],
    ["a path out of it", "../.venv/bin/python", () => join(root, ".venv/bin/python")],
    ["an absolute path", "/opt/python", () => "/opt/python"],
    ["a command", "python3.12", () => "python3.12"],
  ])("may name its interpreter by %s", async (_, stated, command) => {
    const manifest = await read(`name: demo\nengine: ./engine.py\npython: ${stated}\n`);
    expect(manifest.python).toEqual({ command: command(), from: "manifest" });
  });

  it("may name a file elsewhere by its absolute path", async () => {
    const manifest = await read(least.replace("model.gguf", join(root, "secret")));
    expect(manifest.files["model"]?.path).toBe(join(root, "secret"));
  });

  it("has the sampling defaults of the type, all of them", () => {
    // A key of the type that is missing here does not compile.
    const all: Required<SamplingDefaults> = {
      temperature: 0,
      topK: 0,
      topP: 0,
      minP: 0,
      typicalP: 0,
      repetitionPenalty: 0,
      presencePenalty: 0,
      frequencyPenalty: 0,
      penaltyLastN: 0,
      seed: 0,
      maxTokens: 0,
      minTokens: 0,
      ignoreEos: false,
      stop: [],
    };
    const snake = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const stated = Object.keys(manifestSchema.properties?.["sampling"]?.properties ?? {});
    expect(stated.toSorted()).toEqual(Object.keys(all).map(snake).toSorted());
  });
});

describe("what is wrong", () => {
  it.each([
    [
      "a range",
      "sampling: { temperature: 3 }",
      "6: sampling.temperature must be from 0 to 2, not 3",
    ],
    [
      "an open range",
      "sampling: { top_p: 0 }",
      "6: sampling.top_p must be above 0 and at most 1, not 0",
    ],
    [
      "a fraction",
      "limits:\n  max_tokens: 1.5",
      "7: limits.max_tokens must be a whole number from 1 to 1000000, not 1.5",
    ],
    [
      "a number for text",
      "version: 1.0",
      "6: version must be text of at most 64 characters, not the number 1; put it in quotes",
    ],
    [
      "a misspelt key",
      "sampling: { temprature: 1 }",
      "6: sampling.temprature is not known; did you mean temperature?",
    ],
    [
      "a key in another style",
      "sampling: { topK: 1 }",
      "6: sampling.topK is not known; did you mean top_k?",
    ],
    ["a list for keys", "limits: [1]", "6: limits must be keys and values, not a list"],
    ["a value for keys", "sampling: warm", '6: sampling must be keys and values, not "warm"'],
    ["nothing for keys", "options:", "6: options must be keys and values, not null"],
    [
      "two templates",
      "chat_template: x\nchat_template_file: chat.jinja",
      "7: chat_template_file excludes chat_template; keep one",
    ],
    [
      "a file that is not there",
      "chat_template_file: none.jinja",
      "6: chat_template_file does not exist: none.jinja",
    ],
  ])("says so of %s", async (_, line, expected) => {
    expect(await problems(`${least}${line}\n`)).toEqual([`model.yaml:${expected}`]);
  });

  it.each([
    ["name: demo", "name: /demo", "1: name must be 1 to 128 letters"],
    ["name: demo", "title: demo", "1: name is missing"],
    [
      "task: generate",
      "task: translate",
      '2: task must be generate or embed or rerank or classify, not "translate"',
    ],
    ["engine: llama", "engine: vllm", "3: engine must be llama, onnx, or a file's path"],
    ["task: generate", "version: v", "1: task is missing"],
    [
      "engine: llama",
      "engine: ./engine.ts\npython: python3",
      "4: python is for an engine in Python",
    ],
    [
      "engine: llama",
      "engine: llama\npython: 3.12",
      "4: python must be a path, or a command such as python3.12",
    ],
    ["engine: llama", "engine: onnx", "2: task must be embed, rerank or classify for onnx"],
    ["task: generate", "task: rerank", "2: task must be generate or embed for llama"],
    ["engine: llama", "engine: ./none.ts", "3: engine does not exist: none.ts"],
    [
      "model: model.gguf",
      "weights: model.gguf",
      "4: files.model is missing: the path of the weights",
    ],
    ["model: model.gguf", "model: ../secret", "5: files.model lies outside the manifest's folder"],
    ["model: model.gguf", "model: link", "5: files.model lies outside the manifest's folder"],
    [
      "model: model.gguf",
      "model: { path: model.gguf, sha256: abc }",
      "5: files.model.sha256 must be 64 hexadecimal digits",
    ],
    ["model: model.gguf", "model: 5", "5: files.model must be a path, or a path and its sha256"],
    ["task: generate", "task: [", "3: "],
    ["task: generate", "name: again", "2: "],
  ])("says so of %s written as %s", async (from, to, expected) => {
    const [first] = await problems(least.replace(from, to));
    expect(first).toContain(`model.yaml:${expected}`);
  });

  it("are none in a folder that Kubernetes mounts, or that hf download leaves", async () => {
    const mounted = join(root, "mounted");
    await mkdir(join(mounted, "..2026_11_30"), { recursive: true });
    await writeFile(join(mounted, "..2026_11_30", "model.yaml"), least);
    await writeFile(join(mounted, "..2026_11_30", "model.gguf"), "");
    await symlink("..2026_11_30", join(mounted, "..data"));
    for (const name of ["model.yaml", "model.gguf"])
      await symlink(join("..data", name), join(mounted, name));
    const path = join(mounted, "model.gguf");
    expect((await readManifest(join(mounted, "model.yaml"))).files["model"]).toEqual({ path });

    const repository = join(root, "models--acme--demo");
    const blob = join(repository, "blobs", "ab".repeat(32));
    const revision = join(repository, "snapshots", "f".repeat(40));
    await mkdir(join(repository, "blobs"), { recursive: true });
    await mkdir(revision, { recursive: true });
    await writeFile(blob, "");
    await writeFile(join(revision, "model.yaml"), least);
    await symlink(join("../../blobs", basename(blob)), join(revision, "model.gguf"));
    expect((await readManifest(join(revision, "model.yaml"))).name).toBe("demo");
    // Neither another repository's blobs, nor what only looks like one.
    for (const elsewhere of [join(root, "secret"), join(root, "blobs", "ab".repeat(32))]) {
      await mkdir(dirname(elsewhere), { recursive: true });
      await writeFile(elsewhere, "");
      await rm(join(revision, "model.gguf"));
      await symlink(elsewhere, join(revision, "model.gguf"));
      await expect(readManifest(join(revision, "model.yaml"))).rejects.toThrow("lies outside");
    }
  });

  it("is said all at once", async () => {
    const lines = await problems("task: dance\nengine: llama\nsampling: { top_k: -1, heat: 1 }\n");
    expect(lines.map((line) => line.split(" ")[1])).toEqual(
      expect.arrayContaining(["name", "task", "sampling.top_k", "sampling.heat"]),
    );
    expect(lines).toHaveLength(4);
  });

  it("is said of a manifest for vectors that has sampling", async () => {
    const text = least.replace("generate", "embed");
    expect(await problems(`${text}sampling: {}\n`)).toEqual([
      "model.yaml:6: sampling is for the task generate; this model's is embed",
    ]);
  });

  it.each([
    ["nothing", "", "model.yaml:1: a manifest must be keys and values, not null"],
    ["a list", "- name: demo\n", "model.yaml:1: a manifest must be keys and values, not a list"],
  ])("is said of a file with %s", async (_, text, expected) => {
    expect(await problems(text)).toEqual([expected]);
  });

  it("is said of aliases that would fill the memory", async () => {
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (let i = 0; i < 8; i++) {
      const [from, to] = ["abcdefghi"[i]!, "bcdefghij"[i]!];
      bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(", ")}]`);
    }
    expect(await problems(bomb.join("\n"))).toEqual(["model.yaml: has too many aliases"]);
  });

  it("is said of a file beyond all size, and of none", async () => {
    expect(await problems("#".repeat(1_100_000))).toEqual(["model.yaml: is larger than 1 MiB"]);
    await expect(readManifest(join(dirname(model), "none.yaml"))).rejects.toThrow("cannot be read");
  });
});
