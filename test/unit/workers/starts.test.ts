import { describe, expect, it } from "vitest";
import { Starts } from "../../../src/workers/starts.ts";

function setUp(places: number) {
  const turns: (() => void)[] = [];
  const starts = new Starts({ places, turn: (call) => turns.push(call) });
  const started: string[] = [];
  const ask = (name: string, isUrgent = false) =>
    starts.ask({ isUrgent, start: () => started.push(name) });
  /** The server turns to its callers. */
  const turn = () => turns.shift()?.();
  return { ask, started, turn };
}

describe("a worker", () => {
  it("is started at once where none was in this turn, and the next one after it", () => {
    const { ask, started, turn } = setUp(9);
    for (const name of ["a", "b", "c"]) ask(name);
    expect(started).toEqual(["a"]);
    turn();
    expect(started).toEqual(["a", "b"]);
    turn();
    expect(started).toEqual(["a", "b", "c"]);
  });

  it("waits until one of those that load leaves", () => {
    const { ask, started, turn } = setUp(2);
    const [leave] = ["a", "b", "c", "d"].map((name) => ask(name));
    for (let turns = 0; turns < 5; turns++) turn();
    expect(started).toEqual(["a", "b"]);
    leave!();
    leave!();
    for (let turns = 0; turns < 5; turns++) turn();
    expect(started).toEqual(["a", "b", "c"]);
  });

  it("that has served before takes no place and goes first, in the order of asking", () => {
    const { ask, started, turn } = setUp(1);
    for (const name of ["a", "b"]) ask(name);
    for (const name of ["urgent", "urgent too"]) ask(name, true);
    for (let turns = 0; turns < 5; turns++) turn();
    expect(started).toEqual(["a", "urgent", "urgent too"]);
  });

  it("that leaves the line is not started, and takes no place with it", () => {
    const { ask, started, turn } = setUp(2);
    const leaves = ["a", "b", "c"].map((name) => ask(name));
    leaves[1]!();
    for (let turns = 0; turns < 5; turns++) turn();
    expect(started).toEqual(["a", "c"]);
  });
});
