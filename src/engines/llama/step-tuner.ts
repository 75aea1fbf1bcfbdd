import { chunkMs, observe, promptAllowance, promptsFirst, scaleCostModel } from "./step-cost.ts";
import type { StepCostModel, StepContent, StepCost, StepDemand } from "./step-cost.ts";
import { chooseThreads, learnThreads, shareThreads, threadsOf } from "./threads.ts";
import type { ThreadChoice } from "./threads.ts";

/** Owns what the engine has learned of its machine: costs of steps, and the best number of threads. */
export class StepTuner {
  #costs: StepCostModel;
  #choice: ThreadChoice;
  readonly #promptShareOfTime: number;
  /**
   * Whether the last step carried prompt tokens. The step after it takes longer, as the library prepares the graph
   * again.
   */
  #isAfterPrompt = false;

  /**
   * `costs` come from warming up with all threads; `promptShare` is the part of the time that prompts may take while
   * others generate.
   */
  constructor(
    costs: StepCostModel,
    { threads, promptShare }: { threads: number; promptShare: number },
  ) {
    this.#costs = costs;
    this.#choice = chooseThreads(threads);
    this.#promptShareOfTime = promptShare;
  }

  /** Expected time to compute this many tokens after this many others, in milliseconds. */
  readMs(tokens: number, depth: number): number {
    return chunkMs(this.#costs, { promptTokens: tokens, depth });
  }

  /** Threads for the next step. Other numbers are tried only in comparable steps. */
  threadsFor(step: StepContent): number {
    return this.#isComparable(step) ? threadsOf(this.#choice, step.decoding) : this.#choice.settled;
  }

  /** Changes the maximum number of threads. */
  setShare(share: number): void {
    this.#settle(shareThreads(this.#choice, share));
  }

  /** How many prompt tokens the next step may carry, and whether generating sequences wait for them. */
  promptShare(demand: StepDemand): { readonly tokens: number; readonly alone: boolean } {
    const alone = promptsFirst(this.#costs, demand);
    const asked = alone ? { ...demand, decoding: 0 } : demand;
    const tokens = promptAllowance(this.#costs, asked, this.#promptShareOfTime);
    return { tokens, alone };
  }

  /** Learns from the step that `promptShare` was computed for, which ran with `threadsFor(cost)` and ended at `now`. */
  learn(cost: StepCost, now: number): void {
    const threads = this.threadsFor(cost);
    const isComparable = this.#isComparable(cost);
    this.#isAfterPrompt = cost.promptTokens > 0;
    // Steps of a trial do not predict later ones.
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
