import { expect, it } from "vitest";
import { Watchdog } from "../../../src/workers/watchdog.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";

function setUp() {
  const clock = new FakeClock();
  let asked = 0;
  let lost = 0;
  const pulse = new Watchdog({ clock, silenceMs: 300_000, ask: () => asked++, lost: () => lost++ });
  const minutes = (count: number) => {
    for (let quarter = 0; quarter < count * 4; quarter++) clock.advance(15_000);
  };
  return { clock, pulse, minutes, asked: () => asked, lost: () => lost };
}

it("asks four times a minute", () => {
  const { minutes, asked } = setUp();
  minutes(1);
  expect(asked()).toBe(4);
});

it("gives a worker up once, after five minutes without a word", () => {
  const { clock, minutes, lost } = setUp();
  minutes(5);
  expect(lost()).toBe(0);
  minutes(5);
  expect([lost(), clock.waits]).toEqual([1, []]);
});

it("counts anew from every word", () => {
  const { pulse, minutes, lost } = setUp();
  minutes(4);
  pulse.heard();
  minutes(4);
  expect(lost()).toBe(0);
});

it("blames nobody for a time in which the server itself stood still", () => {
  const { clock, pulse, minutes, lost } = setUp();
  clock.advance(3_600_000);
  pulse.heard();
  minutes(4);
  expect(lost()).toBe(0);
});

it("asks no more once it is stopped", () => {
  const { clock, pulse, asked } = setUp();
  pulse.stop();
  expect([clock.waits, asked()]).toEqual([[], 0]);
});
