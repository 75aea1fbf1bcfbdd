import { describe, expect, it } from "vitest";
import type { OpenCall } from "../../../../src/engines/process/calls.ts";
import { HangWatch, judge } from "../../../../src/engines/process/hang.ts";
import { FakeClock } from "../../../fixtures/fake-clock.ts";

const openCall = (changes: Partial<OpenCall> & { readonly isDue?: boolean } = {}): OpenCall => ({
  call: { task: "generate", isDue: changes.isDue ?? true, receive: () => undefined },
  heardAt: 0,
  isCancelled: false,
  ...changes,
});
const kindOf = (now: number, ...open: OpenCall[]) => judge({ open, now, maxStepMs: 100 }).kind;

describe("a call", () => {
  it.each([
    ["is young", 49, openCall(), "wait"],
    ["is old", 50, openCall(), "ask"],
    ["is too old", 100, openCall(), "hung"],
    ["gave something", 100, openCall({ heardAt: 60 }), "wait"],
    ["may give nothing", 1000, openCall({ isDue: false }), "wait"],
    [
      "does not end after it was cancelled",
      100,
      openCall({ isDue: false, isCancelled: true }),
      "hung",
    ],
  ] as const)("that %s", (_, now, open, kind) => {
    expect(kindOf(now, open)).toBe(kind);
  });

  it("is judged by the one that has been silent for longest", () => {
    const silent = openCall();
    const verdict = judge({ open: [openCall({ heardAt: 90 }), silent], now: 100, maxStepMs: 100 });
    expect(verdict).toEqual({ kind: "hung", open: silent });
  });

  it("is nothing to worry about where there is none", () => {
    expect(kindOf(1000)).toBe("wait");
  });
});

function setUp() {
  const clock = new FakeClock();
  const open: OpenCall[] = [openCall()];
  const said: string[] = [];
  const watch = new HangWatch({
    maxStepMs: 2000,
    clock,
    open: () => open,
    ping: () => said.push("ping"),
    hung: (_, answersPing) => said.push(answersPing ? "hung, answers" : "hung, silent"),
  });
  const looks = (count: number) => {
    for (let look = 0; look < count; look++) clock.advance(100);
  };
  return { clock, open, said, watch, looks };
}

describe("the watch", () => {
  it("asks once, and says once that the program hangs", () => {
    const { looks, said, clock } = setUp();
    looks(19);
    expect(said).toEqual(["ping"]);
    looks(10);
    expect(said).toEqual(["ping", "hung, silent"]);
    expect(clock.waits).toEqual([]);
  });

  it("says whether the program answers", () => {
    const { looks, said, watch } = setUp();
    looks(15);
    watch.ponged();
    looks(5);
    expect(said).toEqual(["ping", "hung, answers"]);
  });

  it("does not count a time in which the worker itself stood still", () => {
    const { clock, said, looks } = setUp();
    clock.advance(1_000_000);
    expect(said).toEqual([]);
    looks(18);
    expect(said).toEqual(["ping"]);
  });

  it("counts from zero once the call has given something", () => {
    const { open, said, watch, looks } = setUp();
    looks(15);
    for (const call of open) call.heardAt = watch.now;
    looks(19);
    expect(said).toEqual(["ping", "ping"]);
  });
});
