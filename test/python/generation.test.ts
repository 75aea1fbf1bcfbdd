/** Functions of each kind that generate, on a real interpreter behind a real server. */
import { beforeAll, describe, expect, it, vi } from "vitest";
import { describePython } from "./interpreter.ts";
import { openSite, type Serving } from "./site.ts";

// A busy machine takes long to start an interpreter; what is waited for ends it sooner.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

describePython("a Python function that generates", () => {
  const site = openSite();
  let serving: Serving;
  const noted = (name: string) =>
    vi.waitUntil(() => site.notes(name).length > 0 && site.notes(name), { timeout: 30_000 });
  const counted = (name: string, least = 1) =>
    vi.waitUntil(() => site.count(name) >= least, { timeout: 30_000 });

  beforeAll(async () => {
    const kinds = ["plain.py", "generator.py", "coroutine.py", "async_generator.py"];
    serving = await site.serve(kinds);
  });

  describe.each([
    { model: "plain", text: "one two" },
    { model: "generator", text: "one two " },
    { model: "coroutine", text: "one two" },
    { model: "async_generator", text: "one two " },
  ])("of the kind $model", ({ model, text }) => {
    it("answers whole, and as a stream", async () => {
      const { caller } = serving;
      const whole = { code: "OK", text, finish: "STOP" };
      expect(await caller.generate(model, "say one two")).toMatchObject(whole);
      const stream = caller.stream(model, "say one two");
      expect(await stream.ended).toMatchObject(whole);
    });

    it("may give nothing", async () => {
      const ended = await serving.caller.generate(model, "say");
      expect(ended).toMatchObject({ code: "OK", text: "", finish: "STOP" });
    });

    it("fails its own call where it raises, and the log alone says why", async () => {
      const { caller, logged } = serving;
      const ended = await caller.generate(model, "fail");
      expect(ended).toMatchObject({ code: "INTERNAL", reason: "INTERNAL" });
      expect(ended.message).not.toMatch(/ValueError|inner|\.py|\//);
      await vi.waitFor(() =>
        expect(logged()).toMatch(new RegExp(`${model}\\.py.{0,300}ValueError: the inner cause`)),
      );
      expect(await caller.generate(model, "say on")).toMatchObject({ code: "OK" });
    });

    it("serves more callers than run at once", async () => {
      const calls = Array.from({ length: 20 }, (_, n) =>
        serving.caller.generate(model, `say ${n}`),
      );
      const texts = (await Promise.all(calls)).map((ended) => ended.text.trim());
      expect(texts).toEqual(calls.map((_, n) => String(n)));
    });
  });

  it("sees the request", async () => {
    const { caller } = serving;
    const wishes = { maxTokens: 9, stop: ["END"], system: "be brief" };
    const { text } = await caller.generate("generator", "tell me", wishes);
    expect(JSON.parse(text)).toEqual({
      prompt: "tell me",
      messages: [
        ["system", "be brief"],
        ["user", "tell me"],
      ],
      max_tokens: 9,
      stop: [["E", "N", "D"]],
      priority: "interactive",
      request_id: expect.stringMatching(/./) as string,
      is_cancelled: false,
    });
  });

  it("gives any text that UTF-8 has", async () => {
    const { text } = await serving.caller.generate("generator", "give_unusual");
    expect(text).toBe("ä€😀\x00e\u0301");
  });

  describe("whose caller cancels", () => {
    it.each([
      { model: "generator", act: "forever", notes: ["GeneratorExit", "finally"] },
      { model: "async_generator", act: "wait", notes: [/CancelledError|GeneratorExit/] },
    ])("ends in $model as Python has it", async ({ model, act, notes }) => {
      const name = `cancelled-${model}`;
      const stream = serving.caller.stream(model, `${act} ${name}`);
      await stream.begun;
      await counted(`${name}.count`);
      stream.cancel();
      expect(await stream.ended).toMatchObject({ code: "CANCELLED" });
      await noted(name);
      await vi.waitFor(() => expect(site.notes(name)).toHaveLength(notes.length));
      notes.forEach((note, at) => expect(site.notes(name)[at]).toMatch(note));
    });

    it.each([
      { model: "plain", note: "is_cancelled" },
      { model: "coroutine", note: "CancelledError" },
    ])("ends in $model as Python has it", async ({ model, note }) => {
      const name = `cancelled-${model}`;
      const stream = serving.caller.stream(model, `wait ${name}`);
      await counted(`${name}.count`);
      stream.cancel();
      expect(await noted(name)).toEqual([note]);
    });

    it("frees its slot", async () => {
      const { caller } = serving;
      const names = Array.from({ length: 6 }, (_, n) => `freed-${n}`);
      for (const model of ["plain", "coroutine"]) {
        const streams = names.map((name) => caller.stream(model, `wait ${model}-${name}`));
        // As many as run at once; the others wait.
        await counted(`${model}-freed-0.count`);
        for (const stream of streams) stream.cancel();
        const ended = await caller.generate(model, "say free", { deadlineMs: 30_000 });
        expect(ended).toMatchObject({ code: "OK", text: "free" });
      }
    });
  });

  describe.each(["generator", "async_generator"])(
    "of the kind %s, with a caller who does not read",
    (model) => {
      it("stops, lets others go on, and goes on once it is read", async () => {
        const { caller } = serving;
        const name = `poured-${model}`;
        const pieces = 2000;
        const stream = caller.stream(model, `pour ${name} ${pieces}`, { maxTokens: pieces + 1 });
        await stream.begun;
        stream.pause();
        await counted(name, 1);
        const stopped = await settled(() => site.count(name));
        // What HTTP/2, the server's buffers and the credit hold; all would be 8 MB.
        expect(stopped).toBeLessThan(pieces / 2);
        expect(await caller.generate(model, "say beside it")).toMatchObject({ code: "OK" });
        expect(site.count(name)).toBe(stopped);
        stream.resume();
        expect(await stream.ended).toMatchObject({ code: "OK", finish: "STOP" });
        expect([site.count(name), stream.pieces.join("").length]).toEqual([pieces, pieces * 4096]);
      });
    },
  );

  describe("is ended by", () => {
    it("the call's deadline, which it sees", async () => {
      const wishes = { deadlineMs: 3000 };
      const ended = await serving.caller.stream("generator", "clock timed", wishes).ended;
      expect(ended.code).toBe("DEADLINE_EXCEEDED");
      const [left, timeLeft] = JSON.parse((await noted("timed"))[0]!) as [number, number];
      for (const seconds of [left, timeLeft]) {
        expect(seconds).toBeGreaterThan(0);
        expect(seconds).toBeLessThanOrEqual(3);
      }
      expect(await noted("timed.end")).toContain("GeneratorExit");
    });

    it("max_tokens, counted in pieces", async () => {
      const ended = await serving.caller.generate("generator", "forever full", { maxTokens: 3 });
      expect(ended).toMatchObject({ code: "OK", text: "on on on ", finish: "LENGTH" });
      expect(await noted("full")).toContain("GeneratorExit");
    });

    it("a stop sequence that two pieces hold together", async () => {
      const wishes = { stop: ["n o"] };
      const ended = await serving.caller.generate("generator", "forever stopped", wishes);
      expect(ended).toMatchObject({ code: "OK", text: "o", finish: "STOP_SEQUENCE" });
      expect(await noted("stopped")).toContain("GeneratorExit");
    });

    it("a stop sequence in the text of a function that returns", async () => {
      const ended = await serving.caller.generate("plain", "say one two three", { stop: ["two"] });
      expect(ended).toMatchObject({ text: "one ", finish: "STOP_SEQUENCE" });
    });
  });

  describe("that tells its caller what is wrong", () => {
    it.each(["refuse", "refuse_late"])("names the field (%s)", async (act) => {
      const ended = await serving.caller.generate("generator", act);
      expect(ended).toMatchObject({ code: "INVALID_ARGUMENT", reason: "FIELD_INVALID" });
      expect(ended.violations).toEqual([
        act === "refuse" ? "prompt: must not ask to be refused" : "prompt: is wrong at its end",
      ]);
    });

    it("says when to try again", async () => {
      const ended = await serving.caller.generate("generator", "busy");
      expect(ended).toMatchObject({ code: "RESOURCE_EXHAUSTED", retryMs: 7000 });
    });
  });

  describe("that gives what is no text", () => {
    it.each([
      { model: "generator", act: "give_number", says: /write.*int/ },
      { model: "generator", act: "give_none", says: /write.*None/ },
      { model: "generator", act: "give_surrogate", says: /write.*(surrogate|UTF-8)/ },
      { model: "plain", act: "none", says: /write.*None/ },
      { model: "plain", act: "number", says: /write.*int/ },
      { model: "plain", act: "surrogate", says: /write.*(surrogate|UTF-8)/ },
    ])("fails, and the log names it ($model $act)", async ({ model, act, says }) => {
      const { caller, logged } = serving;
      const before = logged().length;
      const stream = caller.stream(model, act);
      expect(await stream.ended).toMatchObject({ code: "INTERNAL" });
      await vi.waitFor(() => expect(logged().slice(before)).toMatch(says));
      expect(await caller.generate(model, "say on")).toMatchObject({ code: "OK" });
    });
  });

  it.each([
    { model: "generator", act: "leave" },
    { model: "generator", act: "interrupt" },
    { model: "plain", act: "exit" },
  ])("cannot end the interpreter by an exception ($act)", async ({ model, act }) => {
    const { caller, logged } = serving;
    expect(await caller.generate(model, act)).toMatchObject({ code: "INTERNAL" });
    expect(await caller.generate(model, "say on")).toMatchObject({ code: "OK" });
    expect(logged()).not.toContain("worker exited");
  });

  it("leaves no prompt in the log", async () => {
    const { caller, logged } = serving;
    await caller.generate("generator", "say planted-word");
    await caller.generate("generator", "refuse planted-word");
    await caller.generate("plain", "unknown planted-word");
    expect(logged()).not.toContain("planted-word");
  });
});

/** A number once it has not changed for a while. */
async function settled(read: () => number): Promise<number> {
  for (let [last, same] = [-1, 0]; ;) {
    const now = read();
    same = now === last ? same + 1 : 0;
    if (same === 10) return now;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
