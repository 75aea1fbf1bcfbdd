import { expect, it } from "vitest";
import { LineLimit } from "../../../../src/engines/process/line-limit.ts";
import { FakeClock } from "../../../fixtures/fake-clock.ts";

function setUp() {
  const clock = new FakeClock();
  const passed: string[] = [];
  const host = { log: (_: string, line: string) => passed.push(line) };
  const lines = new LineLimit({ what: "printed", clock, host });
  const print = (count: number) => {
    for (let line = 0; line < count; line++) lines.log("info", "x");
  };
  return { clock, passed, lines, print };
}

it("lets a burst through, and says a second later how many were left out", () => {
  const { clock, passed, print } = setUp();
  print(1434);
  expect(passed).toHaveLength(200);
  clock.advance(1000);
  expect(passed.slice(200)).toEqual(["1,234 printed lines were left out"]);
  print(100);
  expect(passed).toHaveLength(251);
});

it("says nothing where none was left out", () => {
  const { clock, passed, lines, print } = setUp();
  print(3);
  clock.advance(5000);
  lines.tell();
  expect(passed).toEqual(["x", "x", "x"]);
});

it("says at once how many were left out where it is asked, and once", () => {
  const { clock, passed, lines, print } = setUp();
  print(201);
  lines.tell();
  clock.advance(1000);
  expect(passed.slice(200)).toEqual(["1 printed line was left out"]);
});
