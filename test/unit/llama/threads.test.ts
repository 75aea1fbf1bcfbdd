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

interface RunOptions {
  readonly steps: number;
  readonly now?: number;
  /** Sequences of each step. */
  readonly sequences?: (step: number) => number;
}

/** A step takes as long as the machine says for four sequences, and in proportion for more and fewer. */
function run(from: ThreadChoice, machine: Machine, options: RunOptions): Run {
  let choice = from;
  let now = options.now ?? 0;
  const beganAt = now;
  for (let step = 0; step < options.steps; step += 1) {
    const sequences = options.sequences?.(step) ?? 4;
    const threads = threadsOf(choice, sequences);
    const ms = machine(threads) * (sequences / 4);
    now += ms;
    choice = learnThreads(choice, { sequences, threads, ms, now });
  }
  return { choice, now, totalMs: now - beganAt };
}

const idle: Machine = (threads) => 40 / threads;
/** Jobs come and go all the time. */
const underLoad = (step: number): number => 12 + ((step * 7) % 5);

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
        const threads = threadsOf(choice, 1);
        expect(threads).toBeGreaterThanOrEqual(1);
        expect(threads).toBeLessThanOrEqual(share);
        const ms = 1 + ((step * 7) % 5);
        choice = learnThreads(choice, { sequences: 1, threads, ms, now: step * 100 });
      }
    }
    expect(run(chooseThreads(1), idle, { steps: 10 }).choice).toEqual(chooseThreads(1));
  });

  it("does not compare steps of different sizes", () => {
    const shrinking = run(chooseThreads(2), idle, { steps: 100, sequences: (step) => 1000 - step });
    expect(shrinking.choice.settled).toBe(2);
    const changing = run(chooseThreads(2), idle, { steps: 500, sequences: underLoad });
    expect(changing.choice.settled).toBe(2);
  });

  it("finds what is best under load too, where no step is like the one before", () => {
    const sequences = underLoad;
    const left = run(chooseThreads(2), besideNeighbour, { steps: 50, sequences });
    expect(left.choice.settled).toBe(1);
    const { now } = left;
    const gone = run(left.choice, idle, { steps: 2000, sequences, now });
    expect(gone.choice.settled).toBe(2);
  });

  it("keeps its threads where one step in many is disturbed, whatever follows", () => {
    let step = 0;
    const disturbed: Machine = (threads) => (step++ % 20 === 10 ? 4 : 1) * idle(threads);
    let { choice, now } = run(chooseThreads(2), disturbed, { steps: 10 });
    for (let count = 0; count < 2000; count += 1) {
      ({ choice, now } = run(choice, disturbed, { steps: 1, now }));
      expect(choice.settled).toBe(2);
    }
  });

  it("soon tries again after one trial that went very wrong", () => {
    const { choice, now } = run(chooseThreads(2), besideNeighbour, { steps: 6 });
    expect(choice.settled).toBe(1);
    const wrong = run(choice, besideNeighbour, { steps: 20, now });
    const { choice: back, totalMs } = run(wrong.choice, idle, { steps: 100, now: wrong.now });
    expect(back.settled).toBe(2);
    expect(totalMs).toBeLessThan(5000);
  });

  it("keeps what proved best when its share changes, and a whole share whole", () => {
    const { choice } = run(chooseThreads(4), (threads) => 10 * threads, { steps: 100 });
    expect(choice.settled).toBe(1);
    expect(shareThreads(choice, 8).settled).toBe(1);
    expect(shareThreads(chooseThreads(2), 1).settled).toBe(1);
    expect(shareThreads(shareThreads(chooseThreads(2), 1), 2).settled).toBe(2);
  });
});
