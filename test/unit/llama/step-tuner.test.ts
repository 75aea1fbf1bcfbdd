import { expect, it } from "vitest";
import { initialCostModel } from "../../../src/engines/llama/step-cost.ts";
import { StepTuner } from "../../../src/engines/llama/step-tuner.ts";

const pace = initialCostModel({ oneMs: 10, tokens: 16, ms: 160 });

interface Load {
  /** Prompt tokens of each step. */
  readonly promptTokens: (step: number) => number;
  readonly steps: number;
}

/** Four sequences generate and a prompt waits; two threads are twenty times slower than one. */
function besideNeighbour(
  tuner: StepTuner,
  { promptTokens: tokensOf, steps }: Load,
): readonly number[] {
  const used: number[] = [];
  let now = 0;
  for (let step = 0; step < steps; step += 1) {
    tuner.promptShare({ decoding: 4, fresh: 0, waiting: 1, next: 500, depth: 0, room: 500 });
    const content = { decoding: 4, promptTokens: tokensOf(step), depth: 0 };
    const threads = tuner.threadsFor(content);
    used.push(threads);
    const ms = (threads === 1 ? 45 : 900) + content.promptTokens * 10;
    now += ms;
    tuner.learn({ ...content, ms }, now);
  }
  return used;
}

it("leaves threads that wait for a neighbour while a prompt is being read, too", () => {
  const promptTokens = (step: number): number => (step % 6 === 0 ? 8 : 0);
  const used = besideNeighbour(new StepTuner(pace, { threads: 2, promptShare: 0.4 }), {
    promptTokens,
    steps: 30,
  });
  expect(used.at(-1)).toBe(1);
});

it("tries nothing in steps with a prompt, nor in the ones after: they tell nothing", () => {
  const promptTokens = (step: number): number => (step % 2 === 0 ? 8 : 0);
  const used = besideNeighbour(new StepTuner(pace, { threads: 2, promptShare: 0.4 }), {
    promptTokens,
    steps: 100,
  });
  expect(new Set(used)).toEqual(new Set([2]));
});
