import { describe, expect, it } from "vitest";
import {
  chooseThreads,
  learnThreads,
  shareThreads,
  type ThreadChoice,
  threadsOf,
} from "../../../src/engines/llama/threads.ts";

/** Milliseconds of a step on some machine, by its threads. */
type Machine = (threads: number) => number;

interface Run {
  readonly choice: ThreadChoice;
  readonly now: number;
  /** Milliseconds that all steps took. */
  readonly totalMs: number;
}

function run(from: ThreadChoice, machine: Machine, options: { steps: number; now?: number }): Run {
  let choice = from;
  let now = options.now ?? 0;
  const beganAt = now;
  for (let step = 0; step < options.steps; step += 1) {
    const ms = machine(threadsOf(choice));
    now += ms;
    choice = learnThreads(choice, { sequences: 4, ms, now });
  }
  return { choice, now, totalMs: now - beganAt };
}

const idle: Machine = (threads) => 40 / threads;
/** A neighbour keeps one of two cores busy: threads wait for each other at every turn. */
const besideNeighbour: Machine = (threads) => (threads === 1 ? 45 : 900);

describe("the choice of threads", () => {
  it("keeps the whole share on an idle machine, at a small cost", () => {
    const { choice, totalMs } = run(chooseThreads(2), idle, { steps: 2000 });
    expect(choice.settled).toBe(2);
    expect(totalMs).toBeLessThan(2000 * 20 * 1.05);
  });

  it("leaves threads that wait for a neighbour within a few steps", () => {
    const { choice } = run(chooseThreads(2), besideNeighbour, { steps: 8 });
    expect(choice.settled).toBe(1);
  });

  it("notices a neighbour who comes later, at once", () => {
    const before = run(chooseThreads(2), idle, { steps: 500 });
    const { choice } = run(before.choice, besideNeighbour, { steps: 8, now: before.now });
    expect(choice.settled).toBe(1);
  });

  it("spends little on trying beside a neighbour who stays", () => {
    const before = run(chooseThreads(2), besideNeighbour, { steps: 10 });
    const { totalMs } = run(before.choice, besideNeighbour, { steps: 2000, now: before.now });
    expect(totalMs).toBeLessThan(2000 * 45 * 1.05);
  });

  it("returns to the whole share when the neighbour has gone", () => {
    const before = run(chooseThreads(2), besideNeighbour, { steps: 100 });
    const { choice } = run(before.choice, idle, { steps: 3000, now: before.now });
    expect(choice.settled).toBe(2);
  });

  it("finds few threads for a model too small for many", () => {
    const small: Machine = (threads) => 1 + 0.5 * threads;
    expect(run(chooseThreads(16), small, { steps: 200 }).choice.settled).toBe(1);
  });

  it("never exceeds the share, and never tries anything with a share of one", () => {
    for (const share of [1, 2, 3, 5, 16]) {
      let choice = chooseThreads(share);
      for (let step = 0; step < 300; step += 1) {
        expect(threadsOf(choice)).toBeGreaterThanOrEqual(1);
        expect(threadsOf(choice)).toBeLessThanOrEqual(share);
        choice = learnThreads(choice, { sequences: 1, ms: 1 + ((step * 7) % 5), now: step * 100 });
      }
    }
    expect(run(chooseThreads(1), idle, { steps: 10 }).choice).toEqual(chooseThreads(1));
  });

  it("does not compare steps of different sizes", () => {
    let choice = chooseThreads(2);
    for (let step = 0; step < 100; step += 1) {
      choice = learnThreads(choice, { sequences: step, ms: 1000 - step, now: step * 1000 });
    }
    expect(choice.settled).toBe(2);
  });

  it("keeps what proved best when its share changes, and a whole share whole", () => {
    const { choice } = run(chooseThreads(4), (threads) => 10 * threads, { steps: 100 });
    expect(choice.settled).toBe(1);
    expect(shareThreads(choice, 8).settled).toBe(1);
    expect(shareThreads(chooseThreads(2), 1).settled).toBe(1);
    expect(shareThreads(shareThreads(chooseThreads(2), 1), 2).settled).toBe(2);
  });
});
