import { describe, expect, it } from "vitest";
import { askEveryMs, followParent, startedBy } from "../../../src/cli/commands/serve/parent.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";

function follow(ppid: () => number) {
  const clock = new FakeClock();
  let ended = 0;
  const stop = followParent({ parentPid: 7, ppid, clock, onEnded: () => (ended += 1) });
  return { clock, stop, ended: () => ended };
}

describe("a parent", () => {
  it("is told to have ended once its child is another's, and once only", () => {
    let ppid = 7;
    const { clock, ended } = follow(() => ppid);
    clock.advance(0);
    clock.advance(askEveryMs);
    expect(ended()).toBe(0);
    ppid = 1;
    clock.advance(askEveryMs);
    expect(ended()).toBe(1);
    expect(clock.waits).toEqual([]);
  });

  it("that ended while its child started is told at the first asking", () => {
    const { clock, ended } = follow(() => 1);
    clock.advance(0);
    expect(ended()).toBe(1);
  });

  it("is followed no more once that is stopped", () => {
    const { clock, stop } = follow(() => 7);
    clock.advance(0);
    stop();
    expect(clock.waits).toEqual([]);
  });

  it.each([
    ["12", 12],
    [undefined, 7],
    ["", 7],
    // Who starts a container is outside of it.
    ["0", 7],
  ])("noted as %j is %s", (noted, pid) => {
    expect(startedBy(noted, 7)).toBe(pid);
  });
});
