import { describe, expect, it } from "vitest";
import { RoundRobin } from "../../../src/base/round-robin.ts";

/** Works that end when they are told to, and the order in which they begin. */
function setUp(atOnce: number) {
  const turns = new RoundRobin<string>(atOnce);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const take = (name: string): Promise<string> =>
    turns.take(name.slice(0, 1), async () => {
      begun.push(name);
      await new Promise<void>((end) => ends.set(name, end));
      return name;
    });
  /** Ends all that have begun, and those that begin by it, until none is left. */
  const endAll = async (): Promise<void> => {
    for (const name of begun) {
      ends.get(name)?.();
      // The next one begins a few turns of the loop later.
      await new Promise((soon) => setImmediate(soon));
    }
  };
  return { take, begun, endAll };
}

describe("works that take turns", () => {
  it("run so many at a time, and all in the end", async () => {
    const { take, begun, endAll } = setUp(2);
    const all = Promise.all(["a1", "a2", "a3", "a4", "a5"].map(take));
    expect(begun).toEqual(["a1", "a2"]);
    await endAll();
    expect(await all).toEqual(["a1", "a2", "a3", "a4", "a5"]);
  });

  it("delay another owner's by one, however many one brings", async () => {
    const { take, begun, endAll } = setUp(1);
    const all = Promise.all(["a1", "a2", "a3", "a4", "b1", "b2", "c1"].map(take));
    await endAll();
    await all;
    expect(begun).toEqual(["a1", "a2", "b1", "c1", "a3", "b2", "a4"]);
  });

  it("make room where one fails", async () => {
    const turns = new RoundRobin<string>(1);
    const failing = turns.take("a", () => Promise.reject(new Error("broken")));
    const next = turns.take("a", () => Promise.resolve("next"));
    await expect(failing).rejects.toThrow("broken");
    expect(await next).toBe("next");
  });
});
