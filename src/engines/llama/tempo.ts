import { observe, promptAllowance, promptsFirst, scalePace } from "./pace.ts";
import type { Pace, StepCost, StepDemand } from "./pace.ts";
import { chooseThreads, learnThreads, shareThreads, threadsOf } from "./threads.ts";
import type { ThreadChoice } from "./threads.ts";

/** Owns what the engine has learned of its machine: what steps cost, and how many threads pay. */
export class Tempo {
  #pace: Pace;
  #choice: ThreadChoice;
  /** Sequences whose prompts wait. Steps between a prompt's stretches differ too much to be compared. */
  #waiting = 0;

  /** `pace` is what warming up with all threads of the share has taught. */
  constructor(pace: Pace, share: number) {
    this.#pace = pace;
    this.#choice = chooseThreads(share);
  }

  /** The threads that the next step should use: others are tried while no prompt waits only. */
  get threads(): number {
    return this.#waiting === 0 ? threadsOf(this.#choice) : this.#choice.settled;
  }

  /** Changes how many threads may be used at most. */
  setShare(share: number): void {
    this.#settle(shareThreads(this.#choice, share));
  }

  /** How many prompt tokens the next step may carry, and whether those who generate wait for them. */
  promptShare(demand: StepDemand): { readonly tokens: number; readonly alone: boolean } {
    this.#waiting = demand.waiting;
    const alone = promptsFirst(this.#pace, demand);
    const tokens = promptAllowance(this.#pace, alone ? { ...demand, decoding: 0 } : demand);
    return { tokens, alone };
  }

  /** Learns from the step that `promptShare` was asked for. It ran with `threads` and ended at `now`. */
  learn(cost: Omit<StepCost, "waiting">, now: number): void {
    const waiting = this.#waiting;
    const isTrial = waiting === 0 && this.#choice.trial !== undefined;
    // A trial's steps are no measure of those to come.
    if (!isTrial) this.#pace = observe(this.#pace, { ...cost, waiting });
    if (waiting > 0) return;
    this.#settle(learnThreads(this.#choice, { sequences: cost.decoding, ms: cost.ms, now }));
  }

  #settle(choice: ThreadChoice): void {
    const factor = this.#choice.settled / choice.settled;
    if (factor !== 1) this.#pace = scalePace(this.#pace, factor);
    this.#choice = choice;
  }
}
