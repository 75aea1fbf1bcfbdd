/** `inferd serve` with Python files: what is found, with which interpreter, and what people and callers are told. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { inferd, type Running, start } from "./process.ts";

// Each starts up to ten processes, also on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

/** Python's own path; undefined without it, or without one that is new enough. */
function findPython(): string | undefined {
  const program = "import sys; assert sys.version_info >= (3, 10); print(sys.executable)";
  try {
    return execFileSync("python3", ["-c", program], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

const python = findPython();

/** Says its own name before each word. */
const echo = (name: string) => `import inferd

@inferd.generate
def write(request):
    for word in request.prompt.split():
        yield "${name}:" + word + " "
`;

const vectors = `import inferd

@inferd.embed(dimensions=2)
def embed(texts):
    return [[len(text), 1.0] for text in texts]
`;

let folder: string;
let servers: Running[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "inferd python-"));
  servers = [];
});

afterEach(async () => {
  for (const { child } of servers) child.kill("SIGKILL");
  await Promise.all(servers.map(({ ended }) => ended));
  rmSync(folder, { recursive: true });
});

function put(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  // As an editor does: a new file in the place of the old one.
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
  return path;
}

function serve(...args: readonly string[]): Running {
  const running = start(["serve", "--port", "0", ...args]);
  servers.push(running);
  return running;
}

const addressOf = async (running: Running) =>
  /"address":"([^"]+)"/.exec(await running.printed('"msg":"ready"'))![1]!;

/** A line of the log. */
const lineOf = async (running: Running, msg: string, model: string) => {
  const is = ({ msg: said, model: of }: Record<string, unknown>) => said === msg && of === model;
  const lines = (await running.printed('"msg":"ready"'))
    .split("\n")
    .filter((l) => l.startsWith("{"));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).find(is);
};

const generate = (address: string, ...args: readonly string[]) =>
  inferd(["generate", "one two", "--address", address, ...args]);

async function listed(address: string): Promise<readonly Record<string, unknown>[]> {
  const { out } = await inferd(["call", "ListModels", "--address", address]);
  expect(out).not.toContain(folder);
  return (JSON.parse(out) as { models: Record<string, unknown>[] }).models;
}

describe.skipIf(python === undefined)("a Python file", () => {
  it("is served by its name, for the tasks that it says itself", async () => {
    const running = serve(put("my_model.py", echo("a")), put("vectors.py", vectors));
    const address = await addressOf(running);
    expect((await generate(address)).out).toBe("a:one a:two \n");
    const embedded = await inferd(["embed", "four", "--address", address, "--json"]);
    expect(embedded.code).toBe(0);
    expect(await listed(address)).toMatchObject([
      { name: "my_model", tasks: ["MODEL_TASK_GENERATE"], engine: "my_model.py" },
      { name: "vectors", tasks: ["MODEL_TASK_EMBED"], engine: "vectors.py", dimensions: 2 },
    ]);
    expect(await lineOf(running, "model ready", "my_model")).toMatchObject({
      engine: expect.stringMatching(/^python 3\.\d+ \(python3\)$/) as string,
      python: "python3",
    });
  });

  it("runs in the virtual environment next to it, and a person is told so", async () => {
    mkdirSync(join(folder, ".venv", "bin"), { recursive: true });
    symlinkSync(python!, join(folder, ".venv", "bin", "python"));
    const running = serve(put("my_model.py", echo("a")), "--log-format", "pretty");
    const said = await running.printed("Try it from");
    expect(said).toMatch(/my_model +generate +python 3\.\d+ \(\.venv\) +\d+ /);
  });

  it("with a manifest runs in the Python that it names", async () => {
    put("engine.py", echo("a"));
    put("model.yaml", `name: m\nengine: ./engine.py\npython: ${python!}\n`);
    const running = serve(folder, "--python", "/nowhere/python");
    await addressOf(running);
    expect(await lineOf(running, "model ready", "m")).toMatchObject({ python });
  });

  it("fails alone where its interpreter is not there, and the next SIGHUP tries again", async () => {
    put("good/model.yaml", "name: good\ntask: generate\nengine: scripted\n");
    const file = put("bad/my_model.py", echo("a"));
    const missing = join(folder, "other", "python");
    const running = serve(join(folder, "good"), file, "--python", missing);
    const address = await addressOf(running);
    const failed = await lineOf(running, "model failed", "my_model");
    expect(failed?.["failure"]).toMatch(
      /^--python names .*, which is not a program that can be run/,
    );
    const models = await listed(address);
    expect(models).toMatchObject([{ name: "good" }, { state: "MODEL_STATE_FAILED" }]);
    expect(models[1]?.["failure"]).toMatch(/^--python names python, which is not a program/);
    const call = await generate(address, "--model", "my_model");
    expect(call.err).toContain("MODEL_FAILED");
    mkdirSync(join(folder, "other"));
    symlinkSync(python!, missing);
    running.child.kill("SIGHUP");
    await running.printed('"model":"my_model","slots"');
    expect((await generate(address, "--model", "my_model")).out).toBe("a:one a:two \n");
  });

  it("is replaced by SIGHUP once it has changed", async () => {
    const running = serve(put("my_model.py", echo("before")));
    const address = await addressOf(running);
    expect((await generate(address)).out).toBe("before:one before:two \n");
    put("my_model.py", echo("after"));
    running.child.kill("SIGHUP");
    await running.printed('"replace":["my_model"]');
    await expect
      .poll(async () => (await generate(address)).out, { timeout: 60_000 })
      .toBe("after:one after:two \n");
  });
});
