import type { Closing } from "../constraint/closing/closing.ts";
import type { OutputPart } from "../chat-format/format.ts";
import type { Matcher } from "../constraint/matcher.ts";
import type { CompletionJob, JobEvent, JobResult } from "../engine.ts";
import type { Pointer } from "./binding.ts";
import { Sampler } from "./sampler.ts";
import type { Library } from "./library.ts";
import type { Output } from "./output.ts";
import { OutputEvents } from "./output-events.ts";
import { TokenFilter } from "./token-filter.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { TokenList } from "./tokens.ts";

/** What a sequence's tokens are held to. */
export interface HeldTo {
  readonly matcher: Matcher;
  readonly field: string;
  /** Where the job asks for its text to be whole. */
  readonly closing: Closing | undefined;
}

/** Parts of a sequence. */
export interface SequenceOptions {
  readonly job: CompletionJob;
  readonly prompt: Int32Array;
  readonly library: Library;
  readonly tokenizer: Tokenizer;
  readonly contextLength: number;
  /** Arrival of the job, by the host's clock. */
  readonly addedAt: number;
  /** What its tokens are held to, and the field of the request that asks for it. */
  readonly held?: HeldTo | undefined;
  /** Reads its completion. */
  readonly output: Output;
}

/** Owns one job's tokens, sampler, text and times, from `add` to its end. */
export class Sequence {
  /** Prompt and completion. Those before `computed` are in the KV memory. */
  readonly tokens: TokenList;
  readonly promptTokens: number;
  computed = 0;
  /** The slot of its cells. Undefined while it waits for one. */
  slot: number | undefined;
  paused = false;
  /** Whether a step has computed some of it since it got its slot. */
  begun = false;
  readonly addedAt: number;
  readonly #job: CompletionJob;
  readonly #tokenizer: Tokenizer;
  readonly #contextLength: number;
  readonly #sampler: Sampler;
  readonly #output: Output;
  readonly #events: OutputEvents;
  #generated = 0;
  #cached: number | undefined;
  #startedAt: number | undefined;
  #promptDoneAt = 0;
  #firstTokenAt = 0;
  #lastTokenAt = 0;
  #steps = 0;
  #neighbours = 0;

  constructor(options: SequenceOptions) {
    const { job, prompt, library, tokenizer, contextLength, held } = options;
    this.tokens = new TokenList(prompt);
    this.promptTokens = prompt.length;
    this.#job = job;
    this.#tokenizer = tokenizer;
    this.#contextLength = contextLength;
    this.#output = options.output;
    this.#events = new OutputEvents(job.returnTokenIds);
    this.addedAt = options.addedAt;
    this.#sampler = new Sampler(library, {
      sampling: job.sampling,
      contextLength,
      vocabularySize: tokenizer.vocabularySize,
      ends: tokenizer.ends,
      filter: held && new TokenFilter(held.matcher, { ...held, ends: tokenizer.ends }),
    });
    this.#sampler.read(prompt);
  }

  get scope(): string {
    return this.#job.cacheScope;
  }

  get pending(): number {
    return this.tokens.length - this.computed;
  }

  /** Whether only its newest token is to be computed. False while it is computed again from its start. */
  get decoding(): boolean {
    return this.#generated > 0 && this.pending === 1;
  }

  /** Whether it has produced at most its first token. */
  get fresh(): boolean {
    return this.#generated === 1;
  }

  /** Cells that must be free before it starts, beyond those of its tokens. */
  get headroom(): number {
    return Math.min(64, this.#left);
  }

  /** Tokens that it may still have. */
  get #left(): number {
    const { maxTokens } = this.#job.sampling;
    return Math.min(maxTokens - this.#generated, this.#contextLength - this.tokens.length);
  }

  /** Takes a slot in which its first `cached` tokens are already computed. */
  start(slot: number, cached: number): void {
    this.slot = slot;
    this.begun = false;
    this.computed = cached;
    this.#cached ??= cached;
  }

  /** Records that this many of its first tokens are computed, before it has begun. */
  reuse(cached: number): void {
    this.computed = cached;
    if (this.#startedAt === undefined) this.#cached = cached;
  }

  /** Continues in another slot, to which its cells have been moved. */
  move(slot: number): void {
    this.slot = slot;
  }

  /** Loses its slot, and starts over when it gets one again. */
  preempt(): void {
    this.slot = undefined;
    this.computed = 0;
  }

  /** Records a step that computed `tokens` of it together with others. Reports its start, the first time. */
  advance(
    tokens: number,
    step: { readonly startedAt: number; readonly endedAt: number; readonly sequences: number },
  ): readonly JobEvent[] {
    const isFirst = this.#startedAt === undefined;
    this.begun = true;
    this.#startedAt ??= step.startedAt;
    this.computed += tokens;
    this.#steps += 1;
    this.#neighbours += step.sequences;
    if (this.#generated === 0 && this.pending === 0) this.#promptDoneAt = step.endedAt;
    return isFirst ? [{ kind: "started" }] : [];
  }

  /** Samples the next token from an output of the last step. The last event is `finish` at the end. */
  sample(context: Pointer, output: number, now: number): readonly JobEvent[] {
    const place = { generated: this.#generated, left: this.#left };
    const token = this.#sampler.sample(context, output, place);
    if (this.#generated === 0) this.#firstTokenAt = now;
    this.#lastTokenAt = now;
    this.#generated += 1;
    this.tokens.append([token]);
    this.#events.token(token);

    const { parts, stop } = this.#output.push(token);
    if (stop !== undefined) return this.#end("stop_sequence", parts, now, stop);
    const isOver = this.#tokenizer.ends.has(token) || this.#sampler.stopped;
    if (!isOver && this.#left > 0) return this.#events.of(parts);
    const all = [...parts, ...this.#output.end()];
    if (!isOver && !this.#sampler.closed) return this.#end("length", all, now);
    return this.#end(this.#output.hasCalls ? "tool_calls" : "stop", all, now);
  }

  free(): void {
    this.#sampler.free();
  }

  #end(
    ...[reason, parts, now, stopSequence = ""]: [
      JobResult["reason"],
      readonly OutputPart[],
      number,
      string?,
    ]
  ): readonly JobEvent[] {
    const startedAt = this.#startedAt ?? now;
    const finish: JobEvent = {
      kind: "finish",
      reason,
      stopSequence,
      usage: {
        promptTokens: this.promptTokens,
        cachedPromptTokens: this.#cached ?? 0,
        completionTokens: this.#generated,
      },
      timings: {
        queueMs: startedAt - this.addedAt,
        prefillMs: this.#promptDoneAt - startedAt,
        firstTokenMs: this.#firstTokenAt - this.addedAt,
        decodeMs: this.#lastTokenAt - this.#firstTokenAt,
        totalMs: now - this.addedAt,
        meanBatchSize: this.#neighbours / this.#steps,
      },
    };
    return [...this.#events.of(parts, true), finish];
  }
}
