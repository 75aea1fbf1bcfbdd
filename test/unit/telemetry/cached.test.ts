import { expect, it } from "vitest";
import { cached } from "../../../src/telemetry/cached.ts";
import { watchLag } from "../../../src/telemetry/event-loop-lag.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";

it("makes a text once for all who ask within the time, and anew after it", async () => {
  let nowMs = 0;
  let made = 0;
  const text = cached(() => Promise.resolve(`text ${++made}`), { keepMs: 100, now: () => nowMs });
  expect(await Promise.all([text(), text()])).toEqual(["text 1", "text 1"]);
  nowMs = 99;
  expect(await text()).toBe("text 1");
  nowMs = 100;
  expect(await text()).toBe("text 2");
});

it("tells how late the event loop came round, until it is stopped", () => {
  const clock = new FakeClock();
  const lags: number[] = [];
  const stop = watchLag(clock, (ms) => lags.push(ms));
  clock.advance(100);
  clock.advance(130);
  stop();
  clock.advance(1000);
  expect(lags).toEqual([0, 30]);
});
