/** Python files as people have them: their names, their folders, their neighbours, and how they change. */
import { writeFileSync } from "node:fs";
import { beforeAll, expect, it, vi } from "vitest";
import { describePython } from "./interpreter.ts";
import { openSite, type Serving } from "./site.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const echo = (word: string) =>
  `import inferd\n\n@inferd.generate\ndef write(request):\n    yield "${word}"\n`;

describePython("a Python file", () => {
  const site = openSite();
  let serving: Serving;

  beforeAll(async () => {
    writeFileSync(site.path("changing.py"), echo("before"));
    serving = await site.serve(["near/my-model.py", "spawned.py", "twice", "changing.py"]);
  });

  it("may lie next to modules that are named as those of Python, and import its own", async () => {
    const { caller } = serving;
    const ended = await caller.generate("my-model", "one two");
    expect(ended).toMatchObject({ code: "OK", text: "ONE TWO " });
  });

  it("may compute in processes that Python spawns", async () => {
    const ended = await serving.caller.generate("spawned", "2 3 4");
    expect(ended).toMatchObject({ code: "OK", text: "4 9 16 " });
  });

  it("gets what its manifest has, in each replica", async () => {
    const { caller } = serving;
    const pids = new Set<number>();
    await vi.waitFor(
      async () => {
        const both = await Promise.all([1, 2].map(() => caller.generate("twice", "tell")));
        for (const { text } of both) {
          const facts = JSON.parse(text) as { readonly pid: number };
          expect(facts).toEqual({
            pid: expect.any(Number) as number,
            name: "twice",
            options: { greeting: "hello", depth: 3 },
            words: "from a file",
          });
          pids.add(facts.pid);
        }
        expect(pids.size).toBe(2);
      },
      { timeout: 30_000 },
    );
  });

  it("is replaced by SIGHUP once it has changed", async () => {
    const { caller, server } = serving;
    const becomes = async (code: string, text: string) => {
      process.kill(server.pid, "SIGHUP");
      await vi.waitFor(
        async () => expect(await caller.generate("changing", "x")).toMatchObject({ code, text }),
        { timeout: 30_000, interval: 100 },
      );
    };
    expect(await caller.generate("changing", "x")).toMatchObject({ text: "before" });
    writeFileSync(site.path("changing.py"), echo("after"));
    await becomes("OK", "after");
    expect((await caller.models()).map(({ name }) => name)).toContain("changing");
  });
});
