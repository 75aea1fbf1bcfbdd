import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Priority } from "../../../src/base/priority.ts";
import { QueueOrder } from "../../../src/scheduling/order.ts";
import type { Ticket } from "../../../src/scheduling/ticket.ts";

const job = (priority: Priority, tokens = 10, caller = "a"): Ticket => {
  return { caller, priority, promptTokens: 1, tokens };
};

function order(line: QueueOrder<Ticket>): string {
  let order = "";
  for (let next = line.shift(true); next !== undefined; next = line.shift(true)) {
    order += next.priority === "batch" ? "b" : "i";
  }
  return order;
}

function lineOf(...jobs: readonly Ticket[]): QueueOrder<Ticket> {
  const line = new QueueOrder<Ticket>();
  for (const each of jobs) line.push(each);
  return line;
}

const many = (count: number, priority: Priority, tokens = 10) =>
  Array.from({ length: count }, () => job(priority, tokens));

describe("priorities", () => {
  it("start interactive jobs before batch ones that came first", () => {
    expect(order(lineOf(job("batch"), job("interactive")))).toBe("ib");
  });

  it("let a batch job start after interactive ones of seven times its tokens", () => {
    expect(order(lineOf(...many(3, "batch"), ...many(16, "interactive")))).toBe(
      `${"i".repeat(7)}b${"i".repeat(7)}biib`,
    );
  });

  it("never starve batch jobs, nor let them have more than their part while others wait", () => {
    const tokens = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(tokens, tokens, (batch, interactive) => {
        const line = lineOf(
          ...batch.map((each) => job("batch", each)),
          ...interactive.map((each) => job("interactive", each)),
        );
        const given = { batch: 0, interactive: 0 };
        let left = { batch: batch.length, interactive: interactive.length };
        for (let next = line.shift(true); next !== undefined; next = line.shift(true)) {
          given[next.priority] += next.tokens;
          left = { ...left, [next.priority]: left[next.priority] - 1 };
          if (left.batch === 0 || left.interactive === 0) break;
          expect(given.batch).toBeLessThanOrEqual(given.interactive / 7 + 0.001);
          expect(given.batch).toBeGreaterThanOrEqual(given.interactive / 7 - 80);
        }
      }),
    );
  });

  it("let interactive jobs pass where there is no place for batch ones, and count what passes", () => {
    const line = lineOf(job("batch"), ...many(9, "interactive"));
    for (let count = 0; count < 8; count += 1) {
      expect(line.shift(false)?.priority).toBe("interactive");
    }
    expect(line.shift(true)?.priority).toBe("batch");
    expect(line.shift(true)?.priority).toBe("interactive");
    line.push(job("batch"));
    expect(line.shift(false)).toBeUndefined();
    expect(line.size).toBe(1);
  });

  it("count interactive jobs that started beside waiting batch ones without having waited", () => {
    const line = lineOf(job("batch"));
    for (let count = 0; count < 7; count += 1) line.start(job("interactive"));
    line.push(job("interactive"));
    expect(order(line)).toBe("bi");
  });

  it("save up no more than one turn for batch jobs that find no place", () => {
    const line = lineOf(...many(2, "batch"));
    for (let count = 0; count < 100; count += 1) line.start(job("interactive"));
    for (const each of many(8, "interactive")) line.push(each);
    expect(order(line)).toBe(`b${"i".repeat(7)}bi`);
  });

  it("tell who would start next", () => {
    const firsts = (line: QueueOrder<Ticket>) => [
      line.isFirst("interactive"),
      line.isFirst("batch"),
    ];
    expect(firsts(lineOf())).toEqual([true, true]);
    expect(firsts(lineOf(job("batch")))).toEqual([true, false]);
    expect(firsts(lineOf(job("interactive")))).toEqual([false, false]);
    const line = lineOf();
    line.pushFirst(job("batch"));
    expect(firsts(line)).toEqual([true, false]);
    line.pushFirst(job("interactive"));
    expect(firsts(line)).toEqual([false, false]);
  });

  it("give a batch job that lost its worker no place that batch jobs may not have", () => {
    const line = lineOf(job("interactive"));
    line.pushFirst(job("batch"));
    expect(line.sizes).toEqual({ interactive: 1, batch: 1 });
    expect(line.shift(false)?.priority).toBe("interactive");
    expect(line.shift(false)).toBeUndefined();
    expect(line.sizes).toEqual({ interactive: 0, batch: 1 });
    line.pushFirst(job("interactive"));
    expect(line.sizes).toEqual({ interactive: 1, batch: 1 });
    line.shift(false);
    expect(line.shift(true)?.priority).toBe("batch");
  });

  it("start a job that lost its worker before all", () => {
    const line = lineOf(job("interactive"));
    line.pushFirst(job("batch"));
    expect(order(line)).toBe("bi");
  });

  it("tell a batch job what would pass it", () => {
    const line = lineOf(...many(30, "interactive"), job("batch"));
    expect(line.ahead(job("batch"))).toEqual({
      interactive: { jobs: 14, tokens: 140 },
      batch: { jobs: 1, tokens: 10 },
    });
    const none = { jobs: 0, tokens: 0 };
    const other = job("interactive", 10, "other");
    expect(line.ahead(other)).toEqual({ interactive: none, batch: none });
  });
});
