import { describe, expect, it } from "vitest";
import type { JobEvent } from "../../../src/engines/engine.ts";
import type { PlayedEngine } from "../../fixtures/played-engine.ts";
import { finish, piece, setUp } from "../../fixtures/played-engine.ts";

describe("batch jobs", () => {
  /** Ends the step under way, which took so long, and returns what the engine heard before the next. */
  async function stepOf(
    engine: PlayedEngine,
    ms: number,
    events: readonly [number, JobEvent][] = [],
  ) {
    await engine.stepping();
    const heard = engine.calls.length;
    engine.now += ms;
    await engine.give(events, true);
    await engine.stepping();
    return engine.calls.slice(heard, -1);
  }

  it("wait while interactive ones compute, but for an eighth of the time", async () => {
    const { engine, add, addBatch } = setUp();
    addBatch(1);
    await engine.stepping();
    add(2);
    expect(await stepOf(engine, 10)).toEqual(["add 2 completion", "pause 1"]);
    const heard: string[] = [];
    for (let step = 1; step <= 6; step += 1) heard.push(...(await stepOf(engine, 12)));
    expect(heard).toEqual(["resume 1"]);
    expect(await stepOf(engine, 10)).toEqual(["pause 1"]);
  });

  it("go on as soon as no interactive job is left", async () => {
    const { engine, add, addBatch } = setUp();
    addBatch(1);
    await engine.stepping();
    add(2);
    await stepOf(engine, 10);
    expect(await stepOf(engine, 10, [[2, finish]])).toEqual(["resume 1"]);
  });

  it("go on where the callers of all interactive ones do not read, and wait again when they do", async () => {
    const { engine, driver, add, addBatch } = setUp();
    addBatch(1);
    await engine.stepping();
    add(2, 1);
    await stepOf(engine, 10);
    expect(await stepOf(engine, 10, [[2, piece("a")]])).toEqual(["pause 2", "resume 1"]);
    driver.receive({ kind: "credit", id: 2, credit: 5 });
    expect(await stepOf(engine, 10)).toEqual(["resume 2", "pause 1"]);
  });

  it("go on where the interactive ones give the engine nothing to do", async () => {
    const { engine, add, addBatch, rest } = setUp();
    add(1);
    addBatch(2);
    // An engine whose first job waits for something outside.
    let isHeld = false;
    engine.pause = () => void (isHeld = true);
    engine.resume = () => void (isHeld = false);
    Object.defineProperty(engine, "busy", {
      get: () => !isHeld && engine.calls.length > 1,
      set: () => undefined,
    });
    // The first step is one of all. Then it is the interactive job's turn for a long time.
    for (let step = 1; step <= 3; step += 1) {
      await engine.stepping();
      engine.now += 10;
      await engine.give([], true);
    }
    await rest();
    expect(engine.calls.filter((call) => call === "step").length).toBe(4);
  });

  it("stay paused where their own callers do not read", async () => {
    const { engine, driver, add, addBatch } = setUp();
    addBatch(1, 1);
    await engine.stepping();
    add(2);
    expect(await stepOf(engine, 10, [[1, piece("a")]])).toEqual(["pause 1", "add 2 completion"]);
    expect(await stepOf(engine, 10, [[2, finish]])).toEqual([]);
    driver.receive({ kind: "credit", id: 1, credit: 1 });
    expect(await stepOf(engine, 10)).toEqual(["resume 1"]);
  });
});
