/** One items job in the engine: which of its texts are tokenized, and which are done. */
import type { EmbedInput, Item, ItemsJob, JobResult, StepEvent } from "../engine.ts";
import type { Waiting } from "./plan.ts";
import type { Prompt } from "./prompt.ts";
import type { GivenIds, TokenizedText, Unread, UnreadText } from "./unread.ts";

/** A text of a job that is being tokenized. */
export type TakenText = Unread & { readonly job: TextJob; readonly index: number };

/** A tokenized text of a job that waits for its batch. */
export interface WaitingText extends Waiting {
  readonly job: TextJob;
  readonly index: number;
  readonly ids: readonly number[];
  /** Number of its first tokens that do not count in the vector. */
  readonly skipped: number;
  /** The type id of each token, of a pair. */
  readonly types?: readonly number[];
  readonly unpooled: boolean;
  readonly truncated: boolean;
}

/** A job, and the prompt before its texts. */
export interface PromptedJob {
  readonly job: ItemsJob;
  readonly prompt: Prompt;
}

/** Assumption for texts that are not tokenized. It only decides how far texts are tokenized ahead. */
const usualCharactersPerToken = 4;

/** Owns a job's progress, from `add` to `finish`. */
export class TextJob {
  readonly id: number;
  isPaused = false;
  readonly #job: ItemsJob;
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

  get asked(): ItemsJob {
    return this.#job;
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

  /** Length of its next text, with what is read with it. */
  get nextCharacters(): number {
    return charactersOf(inputOf(this.#job, this.#next));
  }

  /** Its next text, which `arrive` returns when it is tokenized. */
  takeText(): TakenText {
    const index = this.#next++;
    const input = inputOf(this.#job, index);
    this.#takenCharacters += charactersOf(input);
    const taken = { job: this, index, truncate: this.#job.truncate };
    return input.ids === undefined
      ? { ...taken, ...input, prompt: this.#prompt }
      : { ...taken, ids: input.ids };
  }

  /**
   * Takes a tokenized text; texts arrive in order. Its turn comes after those of its earlier texts and not before
   * `turn`, the engine's position. So a job of one text is not behind a thousand texts of another.
   */
  arrive(taken: TakenText, { ids, types, truncated, error }: TokenizedText, turn: number): void {
    const { index } = taken;
    this.#takenCharacters -= charactersOf(taken);
    if (error !== undefined) {
      this.#failed.push({ index, tokenCount: 0, truncated, error });
      return;
    }
    const { length } = ids;
    this.#turn = Math.max(this.#turn, turn);
    const { skipped } = this.#prompt;
    const place = { length, turn: this.#turn, ...(types !== undefined && { types }) };
    const unpooled = this.#job.task === "embed" && this.#job.tokenVectors === true;
    this.#waiting.push({ job: this, index, ids, skipped, truncated, unpooled, ...place });
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

type Texts = Pick<UnreadText, "ids" | "text" | "pair">;
type Input = Texts | Pick<GivenIds, "ids" | "text">;

/** What the model reads of an item: of a document, the query before it. */
function inputOf(job: ItemsJob, index: number): Input {
  switch (job.task) {
    case "embed":
      return unprompted(job.items[index] ?? "");
    case "rerank":
      return { text: job.query, pair: job.items[index] ?? "" };
    case "classify": {
      const pair = job.pairs?.[index];
      return { text: job.items[index] ?? "", ...(pair !== undefined && { pair }) };
    }
  }
}

const unprompted = (input: EmbedInput): Input =>
  typeof input === "string" ? { text: input } : { ids: input };

function charactersOf(input: Input): number {
  if (input.ids !== undefined) return input.ids.length * usualCharactersPerToken;
  return input.text.length + (input.pair?.length ?? 0);
}
