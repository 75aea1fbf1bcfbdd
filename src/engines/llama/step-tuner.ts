import { observe, promptAllowance, promptsFirst, scaleCostModel, stretchMs } from "./step-cost.ts";
import type { StepCostModel, StepContent, StepCost, StepDemand } from "./step-cost.ts";
import { chooseThreads, learnThreads, shareThreads, threadsOf } from "./threads.ts";
import type { ThreadChoice } from "./threads.ts";

/** Owns what the engine has learned of its machine: what steps cost, and how many threads pay. */
export class StepTuner {
  #costs: StepCostModel;
  #choice: ThreadChoice;
  readonly #promptShareOfTime: number;
  /** Whether the last step carried prompt tokens: the one after it takes longer, as the library prepares it anew. */
  #isAfterPrompt = false;

  /**
   * `pace` is what warming up with all threads has taught; `promptShare` the part of the time that prompts may have
   * beside streams.
   */
  constructor(
    pace: StepCostModel,
    { threads, promptShare }: { threads: number; promptShare: number },
  ) {
    this.#costs = pace;
    this.#choice = chooseThreads(threads);
    this.#promptShareOfTime = promptShare;
  }

  /** What computing so many tokens after so many others should take, in milliseconds. */
  readMs(tokens: number, depth: number): number {
    return stretchMs(this.#costs, { promptTokens: tokens, depth });
  }

  /** The threads that the next step should use: others are tried in steps that can be compared only. */
  threadsFor(step: StepContent): number {
    return this.#isComparable(step) ? threadsOf(this.#choice, step.decoding) : this.#choice.settled;
  }

  /** Changes how many threads may be used at most. */
  setShare(share: number): void {
    this.#settle(shareThreads(this.#choice, share));
  }

  /** How many prompt tokens the next step may carry, and whether those who generate wait for them. */
  promptShare(demand: StepDemand): { readonly tokens: number; readonly alone: boolean } {
    const alone = promptsFirst(this.#costs, demand);
    const asked = alone ? { ...demand, decoding: 0 } : demand;
    const tokens = promptAllowance(this.#costs, asked, this.#promptShareOfTime);
    return { tokens, alone };
  }

  /** Learns from the step that `promptShare` was asked for, which ran with `threadsFor(cost)` and ended at `now`. */
  learn(cost: StepCost, now: number): void {
    const threads = this.threadsFor(cost);
    const isComparable = this.#isComparable(cost);
    this.#isAfterPrompt = cost.promptTokens > 0;
    // A trial's steps are no measure of those to come.
    if (threads === this.#choice.settled) {
      this.#costs = observe(this.#costs, cost, this.#promptShareOfTime);
    }
    if (!isComparable) return;
    const { decoding: sequences, ms } = cost;
    this.#settle(learnThreads(this.#choice, { sequences, threads, ms, now }));
  }

  #isComparable({ promptTokens }: StepContent): boolean {
    return promptTokens === 0 && !this.#isAfterPrompt;
  }

  #settle(choice: ThreadChoice): void {
    const factor = this.#choice.settled / choice.settled;
    if (factor !== 1) this.#costs = scaleCostModel(this.#costs, factor);
    this.#choice = choice;
  }
}
