import { describe, expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import { LoadingCalls } from "../../../src/models/loading-calls.ts";
import { GlobalLimit } from "../../../src/scheduling/global-limit.ts";
import { never } from "../../fixtures/jobs.ts";

const wide = { jobs: 100, tokens: 1000 };

function setUp(bounds = wide, room = wide) {
  const server = new GlobalLimit(room);
  const calls = new LoadingCalls({ bounds, globalLimit: server, retryAfterMs: () => 7000 });
  const ends: string[] = [];
  const enter = (name: string, { caller = name, tokens = 1, signal = never } = {}) =>
    calls
      .wait({ caller, user: "", priority: "interactive", tokens, signal })
      .then(() => ends.push(name))
      .catch((error: unknown) => ends.push(`${name}: ${ServeError.from(error).reason}`));
  return { calls, enter, ends, server };
}

describe("calls that wait for a model to be loaded", () => {
  it("go on in the order in which they came", async () => {
    const { calls, enter, ends } = setUp();
    const all = [enter("a"), enter("b")];
    expect(calls.size).toBe(2);
    calls.release();
    await Promise.all(all);
    expect(ends).toEqual(["a", "b"]);
    expect(calls.size).toBe(0);
  });

  it("leave when they are cancelled, before or while they wait", async () => {
    const { calls, enter, ends } = setUp();
    const controller = new AbortController();
    const waiting = enter("a", { signal: controller.signal });
    controller.abort(new ServeError("CALLER_GONE", "gone"));
    await waiting;
    await enter("b", { signal: controller.signal });
    expect(ends).toEqual(["a: CALLER_GONE", "b: CALLER_GONE"]);
    expect(calls.size).toBe(0);
  });

  it.each([
    { by: "the model's jobs", bounds: { jobs: 1, tokens: 1000 }, room: wide, tokens: 1 },
    { by: "the model's tokens", bounds: { jobs: 9, tokens: 10 }, room: wide, tokens: 6 },
    { by: "the server's jobs", bounds: wide, room: { jobs: 1, tokens: 1000 }, tokens: 1 },
  ])("are bounded by $by, and told when to come back", async ({ bounds, room, tokens }) => {
    const { calls, enter } = setUp(bounds, room);
    void enter("a", { caller: "x", tokens });
    const call = { caller: "x", user: "", priority: "interactive", tokens, signal: never } as const;
    await expect(calls.wait(call)).rejects.toMatchObject({
      reason: "QUEUE_FULL",
      retryAfterMs: 7000,
    });
    expect(calls.size).toBe(1);
  });

  it("give way to another caller's where one holds all places", async () => {
    const { enter, ends, calls } = setUp({ jobs: 2, tokens: 1000 });
    void enter("a1", { caller: "a" });
    const a2 = enter("a2", { caller: "a" });
    void enter("b");
    await a2;
    expect(ends).toEqual(["a2: QUEUE_FULL"]);
    expect(calls.size).toBe(2);
  });

  it("give their places in the server back", async () => {
    const { enter, calls, server } = setUp(wide, { jobs: 1, tokens: 1000 });
    const first = enter("a");
    calls.release();
    await first;
    void enter("b");
    expect(calls.size).toBe(1);
    expect(server).toBeDefined();
  });
});
