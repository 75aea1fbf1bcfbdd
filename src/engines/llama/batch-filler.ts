/** Fills the batch of each step: which sequences take part, and with how many prompt tokens. */
import type { Batch } from "./batch.ts";
import type { Model } from "./model.ts";
import type { Placed } from "./placed.ts";
import { planStep, readingOrder } from "./planner.ts";
import type { Sequence } from "./sequence.ts";
import type { Entry, SlotScheduler } from "./slot-scheduler.ts";
import type { Slots } from "./slots.ts";
import type { StepTuner } from "./step-tuner.ts";

export interface BatchFillerParts {
  readonly batch: Batch;
  readonly slots: Slots;
  readonly scheduler: SlotScheduler<Sequence>;
  readonly tuner: StepTuner;
  readonly model: Pick<Model, "memory" | "unified">;
  readonly batchTokens: number;
  readonly now: () => number;
}

export class BatchFiller {
  readonly #parts: BatchFillerParts;

  constructor(parts: BatchFillerParts) {
    this.#parts = parts;
  }

  /** Fills the batch with the next step. */
  fill(): readonly Placed[] {
    const { batch, slots, batchTokens, model } = this.#parts;
    const spare = model.memory.cells - batchTokens;
    while (model.unified && slots.used > spare && slots.evict());
    const { running, promptTokens } = this.#choose();
    batch.clear();
    const placed: Placed[] = [];
    const candidates = running.map(([, sequence]) => sequence);
    const limits = { batchTokens, promptTokens, apart: !model.unified };
    for (const share of planStep(candidates, limits)) {
      const [id, sequence] = running[share.candidate] ?? [];
      if (id === undefined || sequence?.slot === undefined) continue;
      const from = sequence.computed;
      const last = batch.add(sequence.tokens.view(from, from + share.tokens), {
        sequence: sequence.slot,
        position: from,
        output: share.completes,
      });
      const output = share.completes ? last : undefined;
      placed.push({ id, sequence, slot: sequence.slot, tokens: share.tokens, output });
    }
    return placed;
  }

  /**
   * Decides which sequences take part in the next step, in the order in which prompts are read, and how many prompt
   * tokens it may carry.
   */
  #choose(): { running: readonly Entry<Sequence>[]; promptTokens: number } {
    const { scheduler, tuner, batchTokens } = this.#parts;
    const streams = scheduler.running.filter(([, one]) => one.decoding);
    const prompts = this.#inReadingOrder(scheduler.running.filter(([, one]) => !one.decoding));
    const [first] = prompts;
    if (first !== undefined) this.#prepare(first[1]);
    const { pending = 0, computed = 0 } = first?.[1] ?? {};
    const share = tuner.promptShare({
      decoding: streams.length,
      fresh: streams.filter(([, one]) => one.fresh).length,
      waiting: prompts.length,
      ...{ next: pending, depth: computed },
      room: batchTokens - streams.length,
    });
    let left = share.tokens - pending;
    for (const [, prompt] of prompts.slice(1)) {
      if (left <= 0) break;
      this.#prepare(prompt);
      left -= prompt.pending;
    }
    return {
      running: share.alone ? prompts : [...streams, ...prompts],
      promptTokens: share.tokens,
    };
  }

  #inReadingOrder(prompts: readonly Entry<Sequence>[]): readonly Entry<Sequence>[] {
    const { tuner } = this.#parts;
    const now = this.#parts.now();
    const waiting = prompts.map((entry) => {
      const [, { pending, computed, addedAt }] = entry;
      return { entry, readMs: tuner.readMs(pending, computed), waitedMs: now - addedAt };
    });
    return readingOrder(waiting).map(({ entry }) => entry);
  }

  /** Brings a cached prefix of a prompt into its slot before it is begun. */
  #prepare(prompt: Sequence): void {
    const { scheduler, tuner } = this.#parts;
    scheduler.prepare(prompt, (tokens, depth) => tuner.readMs(tokens, depth));
  }
}
