import { expect, it } from "vitest";
import { Transfers } from "../../../src/engines/llama/transfers.ts";
import { FakeCells } from "../../fixtures/fake-cells.ts";

it("learns what copying a token takes, and believes no single measurement", () => {
  let now = 0;
  let tick = 0;
  const cells = new FakeCells();
  const cellBytes = 2 ** 20;
  const transfers = new Transfers({ cells, cellBytes, now: () => (now += tick) });
  expect(transfers.saveMs(10)).toBeCloseTo(6);
  expect(transfers.restoreMs(10)).toBeCloseTo(1.5);
  tick = 10;
  for (let i = 0; i < 40; i += 1) {
    const state = transfers.save(0, 10)!;
    transfers.restore(1, state, 10);
    state.free();
  }
  expect(transfers.saveMs(10)).toBeCloseTo(10);
  expect(transfers.restoreMs(10)).toBeCloseTo(10);
  tick = 10_000;
  transfers.save(0, 10)?.free();
  expect(transfers.saveMs(10)).toBeLessThan(20);
});
