/** Python files that cannot be served: one line says why, and where, and the rest is served. */
import { mkdirSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { ModelState } from "../../gen/inferd/v1/model_service.ts";
import { describePython } from "./interpreter.ts";
import { openSite, type Serving } from "./site.ts";

vi.setConfig({ testTimeout: 90_000, hookTimeout: 180_000 });

interface Fault {
  readonly name: string;
  readonly text: string;
  /** Of the line that says what is wrong. */
  readonly says: RegExp;
}

const generate = "import inferd\n\n@inferd.generate\ndef write(request):\n    yield 'on'\n";

const faults: readonly Fault[] = [
  {
    name: "missing",
    text: "import inferd\n\nimport no_such_module\n",
    says: /^missing\.py:3: .*no_such_module.*pip install no-such-module/,
  },
  {
    name: "missing_known",
    text: "import inferd\nimport cv2.no_such_part\n",
    says: /^missing_known\.py:2: .*pip install opencv-python/,
  },
  {
    name: "syntax",
    text: "import inferd\n\n@inferd.generate\ndef write(request:\n    yield ''\n",
    says: /^syntax\.py:4: /,
  },
  {
    name: "indented",
    text: "import inferd\nif True:\nprint()\n",
    says: /^indented\.py:3: /,
  },
  {
    name: "signature",
    text: "import inferd\n\n@inferd.generate\ndef write():\n    yield ''\n",
    says: /^signature\.py:[34]: .*write.*request/,
  },
  {
    name: "signature_of_embed",
    text: "import inferd\n\n@inferd.embed(dimensions=2)\ndef embed(texts, more):\n    return []\n",
    says: /^signature_of_embed\.py:[34]: .*embed/,
  },
  { name: "nothing", text: "import inferd\n", says: /^nothing\.py.*inferd\.(generate|embed)/ },
  {
    name: "twice",
    text: `${generate}\n@inferd.generate\ndef again(request):\n    yield ''\n`,
    says: /^twice\.py:\d+: .*(write|again)/,
  },
  {
    name: "raises",
    text: "import inferd\n\ndef read():\n    raise OSError('no weights')\n\nread()\n",
    says: /^raises\.py:[46]: .*OSError.*no weights/,
  },
  {
    name: "raises_late",
    text: "import inferd\n\nclass Model:\n    def __init__(self, source):\n        raise ValueError('no such option')\n\n    @inferd.generate\n    def write(self, request):\n        yield ''\n",
    says: /^raises_late\.py:5: .*ValueError.*no such option/,
  },
  {
    name: "leaves",
    text: "import sys\nimport inferd\nsys.exit('no GPU')\n",
    says: /^leaves\.py:3: .*no GPU/,
  },
  {
    name: "dimensions",
    text: "import inferd\n\n@inferd.embed(dimensions=0)\ndef embed(texts):\n    return []\n",
    says: /^dimensions\.py:[34]: .*dimensions/,
  },
  {
    name: "bytes",
    text: "import inferd\nx = '\0'\n",
    says: /^bytes\.py.*null byte/,
  },
  {
    name: "dies",
    text: "import os\nos._exit(3)\n",
    says: /ended while loading.*exit code 3/,
  },
];

describePython("a Python file that cannot be served", () => {
  const site = openSite();
  let serving: Serving;

  beforeAll(async () => {
    for (const { name, text } of faults) writeFileSync(site.path(`${name}.py`), text);
    mkdirSync(site.path("other-python"));
    writeFileSync(site.path("other-python/engine.py"), generate);
    const manifest = "name: other-python\nengine: ./engine.py\npython: /nowhere/bin/python\n";
    writeFileSync(site.path("other-python/model.yaml"), manifest);
    mkdirSync(site.path("no-python"));
    writeFileSync(site.path("no-python/engine.py"), generate);
    writeFileSync(
      site.path("no-python/model.yaml"),
      "name: no-python\nengine: ./engine.py\npython: 'true'\n",
    );
    const files = [...faults.map(({ name }) => `${name}.py`), "other-python", "no-python"];
    serving = await site.serve([...files, "plain.py"]);
  });

  async function failureOf(model: string): Promise<string> {
    const { caller } = serving;
    const failed = await vi.waitUntil(
      async () => {
        const found = (await caller.models()).find(({ name }) => name === model);
        if (found?.state === ModelState.READY) throw new Error(`${model} was loaded`);
        return found?.state === ModelState.FAILED && found;
      },
      { timeout: 60_000, interval: 100 },
    );
    return failed.failure;
  }

  it.each(faults)("says where and why: $name", async ({ name, says }) => {
    const failure = await failureOf(name);
    expect(failure).toMatch(says);
    expect(failure).not.toContain("\n");
    expect(failure.length).toBeLessThan(400);
    // Nor a folder, of ours or of theirs.
    expect(failure).not.toMatch(/\/(tmp|work|usr|home|root|var)\b/);
  });

  it.each([
    { model: "other-python", says: /^the manifest's key python names python, which is not/ },
    { model: "no-python", says: /true|exit code/ },
  ])("names its interpreter: $model", async ({ model, says }) => {
    expect(await failureOf(model)).toMatch(says);
  });

  it("is no less refused to callers, while another model serves", async () => {
    const { caller } = serving;
    await failureOf("raises");
    const ended = await caller.generate("raises", "say");
    expect(ended).toMatchObject({ code: "UNAVAILABLE", reason: "MODEL_FAILED" });
    expect(await caller.generate("plain", "say on")).toMatchObject({ code: "OK", text: "on" });
    expect(await caller.health("model:raises")).toBe("NOT_SERVING");
    expect(await caller.health("model:plain")).toBe("SERVING");
    expect(await caller.health("")).toBe("SERVING");
  });

  describe("has its traceback in the log", () => {
    it.each(["raises", "raises_late", "missing"])("%s", async (name) => {
      await failureOf(name);
      const lines = serving.server.log().filter(({ model }) => model === name);
      const all = lines.map((line) => JSON.stringify(line)).join("\n");
      expect(all).toContain("Traceback (most recent call last)");
      expect(all).toContain(`${name}.py`);
      // Frames of ours tell its author nothing.
      expect(all).not.toMatch(/python\/(run|inferd\/\w+)\.py/);
    });
  });
});
