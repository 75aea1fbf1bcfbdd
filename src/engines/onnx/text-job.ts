/** One embedding job in the engine: which of its texts are tokenized, and which are done. */
import type { EmbedInput, EmbedJob, Item, JobResult, StepEvent } from "../engine.ts";
import type { Waiting } from "./plan.ts";
import type { Prompt } from "./prompt-table.ts";
import type { TokenizedText, Unread } from "./unread.ts";

/** A text of a job that is being tokenized. */
export type TakenText = Unread & { readonly job: TextJob; readonly index: number };

/** A tokenized text of a job that waits for its batch. */
export interface WaitingText extends Waiting {
  readonly job: TextJob;
  readonly index: number;
  readonly ids: readonly number[];
  /** Number of its first tokens that do not count in the vector. */
  readonly skipped: number;
  readonly truncated: boolean;
}

/** A job, and the prompt before its texts. */
export interface PromptedJob {
  readonly job: EmbedJob;
  readonly prompt: Prompt;
}

/** Assumption for texts that are not tokenized. It only decides how far texts are tokenized ahead. */
const usualCharactersPerToken = 4;

const charactersOf = (item: EmbedInput): number =>
  typeof item === "string" ? item.length : item.length * usualCharactersPerToken;

/** Owns a job's progress, from `add` to `finish`. */
export class TextJob {
  readonly id: number;
  isPaused = false;
  readonly #job: EmbedJob;
  readonly #prompt: Prompt;
  readonly #addedAt: number;
  #startedAt: number | undefined;
  /** The next text to tokenize. */
  #next = 0;
  #left: number;
  #waiting: WaitingText[] = [];
  #waitingTokens = 0;
  /** Of its texts that are being tokenized. */
  #takenCharacters = 0;
  #failed: Item[] = [];
  /** Tokens of all tokenized texts, in turns: the turn of its next text. */
  #turn = 0;
  #tokens = 0;
  #batches = 0;
  #batchTexts = 0;

  constructor(id: number, { job, prompt }: PromptedJob, now: number) {
    this.id = id;
    this.#job = job;
    this.#prompt = prompt;
    this.#left = job.items.length;
    this.#addedAt = now;
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  /** Tokenized and not computed, in the order of the texts. */
  get waiting(): readonly WaitingText[] {
    return this.#waiting;
  }

  /** Whether texts are left to tokenize, and fewer than about `maxTokens` wait or are being tokenized. */
  wantsText(maxTokens: number): boolean {
    const tokens = this.#waitingTokens + this.#takenCharacters / usualCharactersPerToken;
    return this.#next < this.#job.items.length && tokens < maxTokens;
  }

  /** Length of its next text. */
  get nextCharacters(): number {
    return charactersOf(this.#job.items[this.#next] ?? "");
  }

  /** Its next text, which `arrive` returns when it is tokenized. */
  takeText(): TakenText {
    const index = this.#next++;
    const item = this.#job.items[index] ?? "";
    this.#takenCharacters += charactersOf(item);
    const taken = { job: this, index, truncate: this.#job.truncate };
    return typeof item === "string"
      ? { ...taken, text: item, prompt: this.#prompt }
      : { ...taken, ids: item };
  }

  /**
   * Takes a tokenized text; texts arrive in order. Its turn comes after those of its earlier texts and not before
   * `turn`, the engine's position. So a job of one text is not behind a thousand texts of another.
   */
  arrive(taken: TakenText, { ids, truncated, error }: TokenizedText, turn: number): void {
    const { index } = taken;
    this.#takenCharacters -= charactersOf(taken.ids ?? taken.text);
    if (error !== undefined) {
      this.#failed.push({ index, tokenCount: 0, truncated, error });
      return;
    }
    const { length } = ids;
    this.#turn = Math.max(this.#turn, turn);
    const { skipped } = this.#prompt;
    const place = { length, turn: this.#turn };
    this.#waiting.push({ job: this, index, ids, skipped, truncated, ...place });
    this.#waitingTokens += length;
    this.#turn += length;
  }

  /** Events for texts that could not be tokenized since the last call. */
  emitFailed(startedAt: number): StepEvent[] {
    const failed = this.#failed;
    this.#failed = [];
    return failed.flatMap((item) => this.emit(item, startedAt));
  }

  /** Records that some of its texts were computed in a batch of `size`. */
  leaveBatch(done: ReadonlySet<WaitingText>, size: number): void {
    this.#waiting = this.#waiting.filter((text) => !done.has(text));
    this.#waitingTokens = this.#waiting.reduce((sum, { length }) => sum + length, 0);
    this.#batches += 1;
    this.#batchTexts += size;
  }

  /** Events for a finished text, the start of the job before the first. */
  emit(item: Item, startedAt: number): StepEvent[] {
    this.#left -= 1;
    if (item.error === undefined) this.#tokens += item.tokenCount;
    return [...this.begin(startedAt), { id: this.id, event: { kind: "item", ...item } }];
  }

  begin(startedAt: number): StepEvent[] {
    if (this.#startedAt !== undefined) return [];
    this.#startedAt = startedAt;
    return [{ id: this.id, event: { kind: "started" } }];
  }

  result(now: number): JobResult {
    const startedAt = this.#startedAt ?? now;
    return {
      reason: "stop",
      stopSequence: "",
      usage: { promptTokens: this.#tokens, cachedPromptTokens: 0, completionTokens: 0 },
      timings: {
        queueMs: startedAt - this.#addedAt,
        prefillMs: now - startedAt,
        firstTokenMs: 0,
        decodeMs: 0,
        totalMs: now - this.#addedAt,
        meanBatchSize: this.#batches === 0 ? 0 : this.#batchTexts / this.#batches,
      },
    };
  }
}
