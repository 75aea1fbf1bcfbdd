/**
 * The engine: continuous batching over one context. A step seats what waits, computes one token for
 * every sequence that generates and a stretch of the prompts that enter, samples, and returns. All
 * decisions are in planner, pace, seats and memory, and who sits where in seating; this file acts on them.
 */
import { ServeError } from "../../base/errors.ts";
import type {
  Engine,
  EngineHost,
  Job,
  KvMemory,
  ModelInfo,
  PrefixMemory,
  StepEvent,
} from "../engine.ts";
import { Batch } from "./batch.ts";
import type { Library } from "./library.ts";
import type { Model } from "./model.ts";
import type { StepCostModel, StepContent } from "./step-cost.ts";
import { contentOf, type Placed } from "./placed.ts";
import { planStep, readingOrder } from "./planner.ts";
import type { PrefixStore } from "./prefix-store.ts";
import { readPrompt } from "./prompt.ts";
import type { Reader } from "./prompt.ts";
import { type Entry, SlotScheduler } from "./slot-scheduler.ts";
import { Sequence } from "./sequence.ts";
import { Slots } from "./slots.ts";
import { StepTuner } from "./step-tuner.ts";
import { Transfers } from "./transfers.ts";

/** What the engine works with; it closes the model. */
export interface GeneratorParts {
  readonly library: Library;
  readonly model: Model;
  readonly reader: Reader;
  readonly host: EngineHost;
  readonly info: ModelInfo;
  readonly batchTokens: number;
  /** Where sequences rest that lose their slot; undefined where prompts reuse nothing. */
  readonly store: PrefixStore | undefined;
  /** The part of the time that prompts may have beside streams. */
  readonly prefillShare: number;
  readonly threads: number;
  /** What warming up has taught. */
  readonly pace: StepCostModel;
}

export class Generator implements Engine {
  readonly info: ModelInfo;
  readonly #parts: GeneratorParts;
  readonly #batch: Batch;
  readonly #slots: Slots;
  readonly #scheduler: SlotScheduler<Sequence>;
  readonly #tuner: StepTuner;
  #threads: number;
  #sequencesInStep = 0;

  constructor(parts: GeneratorParts) {
    this.info = parts.info;
    this.#parts = parts;
    const { threads, prefillShare: promptShare } = parts;
    this.#tuner = new StepTuner(parts.pace, { threads, promptShare });
    this.#threads = threads;
    this.#batch = new Batch(parts.batchTokens, parts.info.slots);
    const { model, info, store, host } = parts;
    const { cells, memory, unified, cuts } = model;
    const cellBytes = memory.bytes / memory.cells;
    // One context's worth where all share the cells, so that the last conversation can always go on.
    const cacheCells = unified ? info.contextLength : Infinity;
    this.#slots = new Slots(cells, {
      count: info.slots,
      cacheCells: store === undefined ? 0 : cacheCells,
      sharing: store !== undefined && unified && cuts !== "nowhere",
      cuts,
      transfers: new Transfers({ cells, cellBytes, now: () => host.now() }),
      store,
    });
    this.#scheduler = new SlotScheduler({ slots: this.#slots, cells: model.memory.cells });
  }

  get busy(): boolean {
    return this.#scheduler.busy;
  }

  get stepJobs(): number {
    return this.#sequencesInStep;
  }

  get memory(): KvMemory {
    return { cells: this.#parts.model.memory.cells, usedCells: this.#slots.used };
  }

  get prefixes(): PrefixMemory {
    const { store } = this.#parts;
    if (store === undefined) return { bytes: 0, limitBytes: 0, saved: 0, restored: 0, evicted: 0 };
    return { bytes: store.bytes, limitBytes: store.limitBytes, ...store.counts };
  }

  add(id: number, job: Job): void {
    if (job.kind !== "generate") {
      throw new ServeError("WRONG_TASK", "the model generates text and makes no vectors");
    }
    const { library, reader, host } = this.#parts;
    const addedAt = host.now();
    const prompt = readPrompt(reader, job);
    const { tokenizer, contextLength } = reader;
    const sequence = new Sequence({ job, prompt, library, tokenizer, contextLength, addedAt });
    this.#scheduler.add(id, sequence);
  }

  cancel(id: number): void {
    this.#scheduler.remove(id);
  }

  pause(id: number): void {
    const sequence = this.#scheduler.get(id);
    if (sequence !== undefined) sequence.paused = true;
  }

  resume(id: number): void {
    const sequence = this.#scheduler.get(id);
    if (sequence !== undefined) sequence.paused = false;
  }

  setThreads(threads: number): void {
    this.#tuner.setShare(threads);
  }

  step(): readonly StepEvent[] {
    const events: StepEvent[] = [];
    this.#slots.begin(this.#scheduler.running.some(([, one]) => one.decoding));
    this.#scheduler.assign();
    if (this.#closesUp) this.#scheduler.closeUp();
    for (;;) {
      const placed = this.#place();
      this.#sequencesInStep = placed.length;
      if (placed.length === 0) return events;
      const content = contentOf(placed);
      this.#useThreads(this.#tuner.threadsFor(content));
      const startedAt = this.#parts.host.now();
      const code = this.#parts.model.decode(this.#batch.struct);
      if (code === 0) return [...events, ...this.#collect(placed, content, startedAt)];
      if (code !== 1) {
        // What it computed of the batch is in their cells.
        for (const { slot } of placed) this.#slots.discard(slot);
        for (const { sequence } of placed) sequence.preempt();
        throw new Error(`llama.cpp failed a step with code ${code}`);
      }
      events.push(...this.#makeRoom());
    }
  }

  close(): void {
    for (const id of this.#scheduler.ids) this.cancel(id);
    this.#parts.store?.clear();
    this.#parts.model.close();
  }

  /** Fills the batch with the next step. */
  #place(): readonly Placed[] {
    const { batchTokens, model } = this.#parts;
    const spare = model.memory.cells - batchTokens;
    while (model.unified && this.#slots.used > spare && this.#slots.evict());
    const { running, promptTokens } = this.#choose();
    this.#batch.clear();
    const placed: Placed[] = [];
    const candidates = running.map(([, sequence]) => sequence);
    const limits = { batchTokens, promptTokens, apart: !model.unified };
    for (const share of planStep(candidates, limits)) {
      const [id, sequence] = running[share.candidate] ?? [];
      if (id === undefined || sequence?.slot === undefined) continue;
      const from = sequence.computed;
      const last = this.#batch.add(sequence.tokens.view(from, from + share.tokens), {
        sequence: sequence.slot,
        position: from,
        output: share.completes,
      });
      const output = share.completes ? last : undefined;
      placed.push({ id, sequence, slot: sequence.slot, tokens: share.tokens, output });
    }
    return placed;
  }

  /** Whether gaps between running slots cost a pass over the weights each. */
  get #closesUp(): boolean {
    return !this.#parts.model.unified && this.#parts.model.cuts !== "nowhere";
  }

  /**
   * Decides which sequences take part in the next step, in the order in which prompts are read, and how many prompt
   * tokens it may carry.
   */
  #choose(): { running: readonly Entry<Sequence>[]; promptTokens: number } {
    const seated = this.#scheduler.running;
    const streams = seated.filter(([, one]) => one.decoding);
    const prompts = this.#inReadingOrder(seated.filter(([, one]) => !one.decoding));
    const [first] = prompts;
    if (first !== undefined) this.#prepare(first[1]);
    const { pending = 0, computed = 0 } = first?.[1] ?? {};
    const share = this.#tuner.promptShare({
      decoding: streams.length,
      fresh: streams.filter(([, one]) => one.fresh).length,
      waiting: prompts.length,
      ...{ next: pending, depth: computed },
      room: this.#parts.batchTokens - streams.length,
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
    const now = this.#parts.host.now();
    const waiting = prompts.map((entry) => {
      const [, { pending, computed, addedAt }] = entry;
      return { entry, readMs: this.#tuner.readMs(pending, computed), waitedMs: now - addedAt };
    });
    return readingOrder(waiting).map(({ entry }) => entry);
  }

  /** Brings what is remembered of a prompt into its slot before it is begun. */
  #prepare(prompt: Sequence): void {
    this.#scheduler.prepare(prompt, (tokens, depth) => this.#tuner.readMs(tokens, depth));
  }

  /** Takes what a computed step gave. */
  #collect(
    placed: readonly Placed[],
    content: StepContent,
    startedAt: number,
  ): readonly StepEvent[] {
    const { model, host } = this.#parts;
    const endedAt = host.now();
    this.#tuner.learn({ ...content, ms: endedAt - startedAt }, endedAt);
    const step = { startedAt, endedAt, sequences: placed.length };
    const events: StepEvent[] = [];
    for (const { id, sequence, slot, tokens, output } of placed) {
      const from = sequence.computed;
      this.#slots.extend(slot, sequence.tokens.view(from, from + tokens));
      if (output !== undefined && from + tokens === sequence.promptTokens) this.#slots.mark(slot);
      try {
        const given = [...sequence.advance(tokens, step)];
        if (output !== undefined) given.push(...sequence.sample(model.context, output, endedAt));
        for (const event of given) events.push({ id, event });
        if (given.at(-1)?.kind === "finish") this.cancel(id);
      } catch (thrown) {
        events.push(this.#fail(id, thrown));
      }
    }
    return events;
  }

  /** Ends a sequence that cannot go on; the others do. */
  #fail(id: number, thrown: unknown): StepEvent {
    const error = ServeError.from(thrown);
    if (error.reason === "INTERNAL") {
      const why = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      this.#parts.host.log("error", `a sequence failed: ${why}`);
    }
    this.#scheduler.discard(id);
    return { id, event: { kind: "failed", error: error.toData() } };
  }

  #useThreads(threads: number): void {
    if (threads === this.#threads) return;
    this.#parts.model.setThreads(threads);
    this.#threads = threads;
  }

  /** Frees cells after the library found none. */
  #makeRoom(): readonly StepEvent[] {
    const { host } = this.#parts;
    const gone = this.#scheduler.makeRoom();
    if (gone === "sequence") {
      host.log("debug", "the KV cells ran out: the youngest sequence starts over");
    }
    if (typeof gone === "string") return [];
    // Alone and still no room: a model whose memory holds less than its context.
    host.log("error", "one sequence does not fit the KV memory");
    this.cancel(gone.stuck);
    const error = new ServeError("INTERNAL", "the model's memory does not hold its context");
    return [{ id: gone.stuck, event: { kind: "failed", error: error.toData() } }];
  }
}
