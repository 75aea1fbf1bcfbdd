/**
 * The engine: continuous batching over one context. A step assigns slots to waiting sequences, computes one token for
 * every sequence that generates and a chunk of prompts, samples, and returns. Decisions are in planner, step-cost,
 * slot-choice and memory; this file acts on them.
 */
import { ServeError } from "../../base/errors.ts";
import { errorStack } from "../../base/text.ts";
import type {
  Answer,
  Engine,
  EngineHost,
  Job,
  KvMemory,
  ModelInfo,
  PrefixMemory,
  Question,
  StepEvent,
} from "../engine.ts";
import type { Matcher } from "../constraint/matcher.ts";
import { Batch } from "./batch.ts";
import { BatchFiller } from "./batch-filler.ts";
import type { Library } from "./library.ts";
import type { Model } from "./model.ts";
import type { Outputs } from "./outputs.ts";
import { Preparing } from "./preparing.ts";
import type { StepCostModel, StepContent } from "./step-cost.ts";
import { contentOf, type Placed } from "./placed.ts";
import type { PrefixStore } from "./prefix-store.ts";
import { readPrompt, type Reader } from "./prompt.ts";
import { answerAny } from "./questions.ts";
import { SlotScheduler } from "./slot-scheduler.ts";
import { Sequence } from "./sequence.ts";
import type { Slots } from "./slots.ts";
import { slotsOf } from "./slots-of.ts";
import { StepTuner } from "./step-tuner.ts";

/** Parts of the engine, which closes the model. */
export interface GeneratorParts {
  readonly library: Library;
  readonly model: Model;
  readonly reader: Reader;
  readonly outputs: Outputs;
  readonly host: EngineHost;
  readonly info: ModelInfo;
  readonly batchTokens: number;
  /** Where sequences are kept that lose their slot. Undefined if prompts reuse nothing. */
  readonly store: PrefixStore | undefined;
  /** Share of the time that prompts may take while others generate. */
  readonly prefillShare: number;
  readonly threads: number;
  /** Costs learned by warming up. */
  readonly costs: StepCostModel;
}

export class Generator implements Engine {
  readonly info: ModelInfo;
  readonly #parts: GeneratorParts;
  readonly #batch: Batch;
  readonly #slots: Slots;
  readonly #scheduler: SlotScheduler<Sequence>;
  readonly #tuner: StepTuner;
  readonly #filler: BatchFiller;
  readonly #preparing = new Preparing();
  #threads: number;
  #sequencesInStep = 0;

  constructor(parts: GeneratorParts) {
    this.info = parts.info;
    this.#parts = parts;
    const { threads, prefillShare: promptShare } = parts;
    this.#tuner = new StepTuner(parts.costs, { threads, promptShare });
    this.#threads = threads;
    this.#batch = new Batch(parts.batchTokens, parts.info.slots);
    const { model, host } = parts;
    this.#slots = slotsOf(parts);
    this.#scheduler = new SlotScheduler({ slots: this.#slots, cells: model.memory.cells });
    const filled = { batch: this.#batch, slots: this.#slots, scheduler: this.#scheduler };
    const now = () => host.now();
    const { batchTokens } = parts;
    this.#filler = new BatchFiller({ ...filled, tuner: this.#tuner, model, batchTokens, now });
  }

  get busy(): boolean {
    return this.#scheduler.busy || this.#preparing.busy;
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

  answer(question: Question): Answer | Promise<Answer> {
    return answerAny(this.#parts, question);
  }

  add(id: number, job: Job): void {
    if (job.kind !== "completion") {
      throw new ServeError("WRONG_TASK", "the model generates text and makes no vectors");
    }
    const { library, reader, outputs, host } = this.#parts;
    const addedAt = host.now();
    const prompt = readPrompt(reader, job);
    const { tokenizer, contextLength } = reader;
    const { output, source } = outputs.of(job);
    const options = { job, prompt, library, tokenizer, contextLength, addedAt, output };
    const begin = (matcher?: Matcher, paused = false): void => {
      const now = (): number => host.now();
      const held = matcher && source && outputs.heldTo(job, { matcher, field: source.field, now });
      const sequence = new Sequence({ ...options, held });
      sequence.paused = paused;
      this.#scheduler.add(id, sequence);
    };
    if (source === undefined) begin();
    else this.#preparing.add(id, source, begin);
  }

  cancel(id: number): void {
    this.#preparing.remove(id);
    this.#scheduler.remove(id);
  }

  wake(): void {
    this.#preparing.wake();
  }

  pause(id: number): void {
    const sequence = this.#scheduler.get(id);
    if (sequence !== undefined) sequence.paused = true;
    this.#preparing.setPaused(id, true);
  }

  resume(id: number): void {
    const sequence = this.#scheduler.get(id);
    if (sequence !== undefined) sequence.paused = false;
    this.#preparing.setPaused(id, false);
  }

  setThreads(threads: number): void {
    this.#tuner.setShare(threads);
  }

  step(): readonly StepEvent[] | Promise<readonly StepEvent[]> {
    const events: StepEvent[] = this.#preparing
      .begin()
      .map(({ id, thrown }) => this.#fail(id, thrown));
    if (!this.#scheduler.busy) {
      return events.length > 0 ? events : this.#preparing.changed().then(() => []);
    }
    this.#slots.begin(this.#scheduler.running.some(([, one]) => one.decoding));
    this.#scheduler.assign();
    if (this.#closesUp) this.#scheduler.closeUp();
    for (;;) {
      const placed = this.#filler.fill();
      this.#sequencesInStep = placed.length;
      if (placed.length === 0) return events;
      const content = contentOf(placed);
      this.#useThreads(this.#tuner.threadsFor(content));
      const startedAt = this.#parts.host.now();
      const code = this.#parts.model.decode(this.#batch.struct);
      if (code === 0) return [...events, ...this.#collect(placed, content, startedAt)];
      if (code !== 1) {
        // The computed part of the batch is in their cells.
        for (const { slot } of placed) this.#slots.discard(slot);
        for (const { sequence } of placed) sequence.preempt();
        throw new Error(`llama.cpp failed a step with code ${code}`);
      }
      events.push(...this.#makeRoom());
    }
  }

  close(): void {
    for (const id of this.#scheduler.ids) this.cancel(id);
    this.#parts.outputs.close();
    this.#parts.store?.clear();
    this.#parts.model.close();
  }

  /** Whether each gap between running slots costs a pass over the weights. */
  get #closesUp(): boolean {
    return !this.#parts.model.unified && this.#parts.model.cuts !== "nowhere";
  }

  /** Processes the results of a computed step. */
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

  /** Ends a sequence that cannot continue; others do. */
  #fail(id: number, thrown: unknown): StepEvent {
    const error = ServeError.from(thrown);
    if (error.reason === "INTERNAL") {
      this.#parts.host.log("error", `a sequence failed: ${errorStack(thrown)}`);
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
    // It is alone and still has no room: the memory holds less than the model's context.
    host.log("error", "one sequence does not fit the KV memory");
    this.cancel(gone.stuck);
    const error = new ServeError("INTERNAL", "the model's memory does not hold its context");
    return [{ id: gone.stuck, event: { kind: "failed", error: error.toData() } }];
  }
}
