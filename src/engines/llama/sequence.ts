import type { Closing } from "../constraint/closing/closing.ts";
import type { Matcher } from "../constraint/matcher.ts";
import type { CompletionJob, JobEvent, JobResult } from "../engine.ts";
import type { Pointer } from "./binding.ts";
import { Sampler } from "./sampler.ts";
import type { Library } from "./library.ts";
import { TextAssembler } from "./text.ts";
import { TokenFilter } from "./token-filter.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { TokenList } from "./tokens.ts";

/** Parts of a sequence. */
export interface SequenceOptions {
  readonly job: CompletionJob;
  readonly prompt: Int32Array;
  readonly library: Library;
  readonly tokenizer: Tokenizer;
  readonly contextLength: number;
  /** Arrival of the job, by the host's clock. */
  readonly addedAt: number;
  /** Of the job's constraint. */
  readonly matcher?: Matcher | undefined;
  /** Where the job asks for its text to be whole. */
  readonly closing?: Closing | undefined;
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
  readonly #text: TextAssembler;
  #unsent: number[] = [];
  #generated = 0;
  #cached: number | undefined;
  #startedAt: number | undefined;
  #promptDoneAt = 0;
  #firstTokenAt = 0;
  #lastTokenAt = 0;
  #steps = 0;
  #neighbours = 0;

  constructor(options: SequenceOptions) {
    const { job, prompt, library, tokenizer, contextLength, matcher, closing } = options;
    this.tokens = new TokenList(prompt);
    this.promptTokens = prompt.length;
    this.#job = job;
    this.#tokenizer = tokenizer;
    this.#contextLength = contextLength;
    this.#text = new TextAssembler(job.stop);
    this.addedAt = options.addedAt;
    this.#sampler = new Sampler(library, {
      sampling: job.sampling,
      contextLength,
      vocabularySize: tokenizer.vocabularySize,
      ends: tokenizer.ends,
      filter: matcher && new TokenFilter(matcher, tokenizer.ends, closing),
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
    if (this.#job.returnTokenIds) this.#unsent.push(token);

    if (this.#tokenizer.ends.has(token)) return this.#end("stop", this.#text.end(), now);
    const { text, stop } = this.#text.push(this.#tokenizer.bytesOf(token));
    if (stop !== undefined) return this.#end("stop_sequence", text, now, stop);
    if (this.#sampler.stopped) return this.#end("stop", text + this.#text.end(), now);
    if (this.#left <= 0) {
      return this.#end(this.#sampler.closed ? "stop" : "length", text + this.#text.end(), now);
    }
    return this.#piece(text);
  }

  free(): void {
    this.#sampler.free();
  }

  /** Tokens whose text is held back are sent with the next text, or with the last. */
  #piece(text: string, isLast = false): readonly JobEvent[] {
    if (text === "" && !(isLast && this.#unsent.length > 0)) return [];
    if (!this.#job.returnTokenIds) return [{ kind: "piece", text }];
    const tokens = Uint32Array.from(this.#unsent);
    this.#unsent = [];
    return [{ kind: "piece", text, tokenIds: tokens }];
  }

  #end(
    ...[reason, text, now, stopSequence = ""]: [JobResult["reason"], string, number, string?]
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
    return [...this.#piece(text, true), finish];
  }
}
