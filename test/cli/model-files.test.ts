/** The server as a process, with models whose files are wrong in every way that is known, and one that is not. */
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { entry, withInitializer } from "../fixtures/onnx-bytes.ts";
import { binary, inferd, Running } from "./process.ts";
import { canBeRefused, unprivileged } from "./unprivileged.ts";

const models = join(import.meta.dirname, "../../models");
const gguf = readFileSync(join(models, "inferd-demo/model.gguf"));
const tokenizer = join(models, "all-minilm-l6-v2/tokenizer.json");

interface Case {
  readonly name: string;
  readonly engine: "llama" | "onnx";
  readonly make: (path: string) => void;
  /** What its one line says. */
  readonly says: RegExp;
  readonly hasNoTokenizer?: boolean;
  /** Named by its file, without a manifest. */
  readonly isBare?: boolean;
}

const put = (bytes: Uint8Array | string) => (path: string) => writeFileSync(path, bytes);
const unreadable = (path: string): void => {
  writeFileSync(path, "");
  chmodSync(path, 0);
};

/** The model that comes with inferd, of another architecture, whose name has five letters. */
function ofArchitecture(name: string): Buffer {
  const bytes = Buffer.from(gguf);
  const key = "general.architecture";
  // The key, the value's type in 4 bytes and its length in 8, then the value.
  bytes.write(name, bytes.indexOf(key) + key.length + 12);
  return bytes;
}

const cases: readonly Case[] = [
  { name: "missing", engine: "llama", make: () => undefined, says: /does not exist: put it/ },
  {
    name: "pipe",
    engine: "llama",
    make: (path) => void execFileSync("mkfifo", [path]),
    says: /is not a file: put/,
  },
  { name: "directory", engine: "llama", make: (path) => mkdirSync(path), says: /is not a file/ },
  {
    name: "loop",
    engine: "llama",
    make: (path) => void execFileSync("ln", ["-s", path, path]),
    says: /is a link that leads back to itself: replace/,
  },
  {
    name: "truncated",
    engine: "llama",
    make: put(gguf.subarray(0, gguf.length / 2)),
    says: /is cut short: .*; fetch it/,
  },
  {
    name: "foreign",
    engine: "llama",
    make: put("PK\u0003\u0004 an archive"),
    says: /is not a GGUF file/,
  },
  {
    name: "architecture",
    engine: "llama",
    make: (path) => writeFileSync(path, ofArchitecture("zzzzz")),
    says: /^llama\.cpp cannot load the model: .*unknown model architecture: 'zzzzz'/,
  },
  { name: "unreadable", engine: "llama", make: unreadable, says: /may not be read: allow/ },
  { name: "unreadable-onnx", engine: "onnx", make: unreadable, says: /may not be read: allow/ },
  {
    name: "tokenless",
    engine: "onnx",
    make: put(withInitializer("weights.bin")),
    hasNoTokenizer: true,
    says: /no tokenizer\.json next to the model; put it there/,
  },
  {
    name: "outside",
    engine: "onnx",
    make: put(withInitializer("../../secret.bin")),
    says: /keeps weights in a file that lies outside its folder; export/,
  },
  {
    name: "short",
    engine: "onnx",
    make: (path) => {
      writeFileSync(join(path, "../weights.bin"), Buffer.alloc(10));
      writeFileSync(path, withInitializer("weights.bin", [entry("length", "11")]));
    },
    says: /in a file that is cut short: it has fewer bytes/,
  },
  {
    name: "cut",
    engine: "onnx",
    make: put(withInitializer("weights.bin").subarray(0, 20)),
    says: /is cut short or damaged; fetch it/,
  },
  {
    name: "bare",
    engine: "llama",
    isBare: true,
    make: put("hello"),
    says: /is not a GGUF file; fetch/,
  },
  {
    name: "bare-cut",
    engine: "llama",
    isBare: true,
    make: put(gguf.subarray(0, 100)),
    says: /is cut short or damaged; fetch/,
  },
  {
    name: "bare-vectors",
    engine: "llama",
    isBare: true,
    make: (path) => writeFileSync(path, ofArchitecture("xbert")),
    says: /of architecture xbert, whose vectors the llama engine does not compute/,
  },
  {
    name: "bare-unreadable",
    engine: "llama",
    isBare: true,
    make: unreadable,
    says: /may not be read: allow/,
  },
];

let folder: string;
let server: Running | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "inferd-model-files-"));
});

afterAll(async () => {
  server?.child.kill("SIGKILL");
  await server?.ended;
  rmSync(folder, { recursive: true });
});

/** Writes the model's folder, or its bare file; gives its path. */
function add({ name, engine, make, hasNoTokenizer = false, isBare = false }: Case): string {
  if (isBare) {
    const path = join(folder, `${name}.gguf`);
    make(path);
    return path;
  }
  const own = join(folder, name);
  mkdirSync(own);
  const needsTokenizer = engine === "onnx" && !hasNoTokenizer;
  const roles = needsTokenizer ? `model: weights, tokenizer: ${tokenizer}` : "model: weights";
  const task = engine === "onnx" ? "embed" : "generate";
  const lines = [`name: ${name}`, `task: ${task}`, `engine: ${engine}`, `files: { ${roles} }`];
  writeFileSync(join(own, "model.yaml"), lines.join("\n"));
  make(join(own, "weights"));
  return own;
}

it("gives each wrong model one line that says what to do, and serves the others", async (test) => {
  if (!canBeRefused)
    await test.annotate("left out: a file without permission, which root may read");
  const tried = cases.filter(({ make }) => make !== unreadable || canBeRefused);
  const good = join(folder, "good");
  mkdirSync(good);
  writeFileSync(join(good, "model.yaml"), "name: good\ntask: generate\nengine: scripted\n");
  const flags = [good, ...tried.map(add)].flatMap((path) => ["--model", path]);
  const [command, ...rest] = unprivileged([binary, "serve", ...flags]);
  server = new Running(spawn(command!, [...rest, "--port", "0"], { stdio: "pipe" }));

  const lines = (await server.printed('"msg":"ready"')).trimEnd().split("\n");
  const told = lines
    .map((line) => JSON.parse(line) as Record<string, string>)
    .filter(({ msg }) => msg === "model failed");
  const failures = new Map(told.map(({ model = "", failure = "" }) => [model, failure]));
  // Each once.
  expect(told).toHaveLength(failures.size);
  expect([...failures.keys()].sort()).toEqual(tried.map(({ name }) => name).sort());
  for (const { name, says } of tried) expect(failures.get(name)).toMatch(says);

  const address = /"address":"([^"]+)"/.exec(lines.at(-1)!)![1]!;
  const { out: listed } = await inferd(["call", "ListModels", "--address", address]);
  expect(listed).not.toContain(folder);
  const { models: statuses } = JSON.parse(listed) as { models: Record<string, string>[] };
  const failed = statuses.filter(({ state }) => state === "MODEL_STATE_FAILED");
  expect(new Map(failed.map(({ name, failure }) => [name, failure]))).toEqual(failures);
  const call = ["generate", "say yes", "--model", "good", "--address", address];
  expect((await inferd(call)).out).toContain("yes");
}, 60_000);
