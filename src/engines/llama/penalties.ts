import type { Sampling } from "../engine.ts";

/**
 * Owns the window of tokens that a job's penalties consider, and applies them to an output as llama.cpp's
 * `llama_sampler_init_penalties` does, in single precision. A logit is divided by `repetitionPenalty`, or multiplied if
 * it is not above zero (Keskar and others, CTRL, 2019, with llama.cpp's correction). `frequencyPenalty` is subtracted
 * for each time that its token is in the window, and `presencePenalty` once (OpenAI's definition). Only tokens in the
 * window are visited, not the whole vocabulary.
 */
export class Penalties {
  readonly #repetition: number;
  readonly #frequency: number;
  readonly #presence: number;
  readonly #window: Int32Array;
  readonly #counts = new Map<number, number>();
  #seen = 0;

  /** A window longer than the context would never be full. */
  constructor(sampling: Sampling, contextLength: number) {
    this.#repetition = Math.fround(sampling.repetitionPenalty);
    this.#frequency = Math.fround(sampling.frequencyPenalty);
    this.#presence = Math.fround(sampling.presencePenalty);
    this.#window = new Int32Array(Math.min(sampling.penaltyLastN, contextLength));
  }

  /** Adds a text to the window: no more than fits, however long it is. */
  read(tokens: Int32Array): void {
    const from = Math.max(0, tokens.length - this.#window.length);
    for (const token of tokens.subarray(from)) this.accept(token);
  }

  /** Adds a token to the window, and removes the oldest one if it is full. */
  accept(token: number): void {
    const place = this.#seen % this.#window.length;
    if (this.#seen >= this.#window.length) this.#count(this.#window[place] ?? 0, -1);
    this.#window[place] = token;
    this.#count(token, 1);
    this.#seen += 1;
  }

  apply(logits: Float32Array): void {
    for (const [token, count] of this.#counts) {
      const logit = logits[token] ?? 0;
      const scaled = Math.fround(logit > 0 ? logit / this.#repetition : logit * this.#repetition);
      logits[token] = scaled - Math.fround(Math.fround(count * this.#frequency) + this.#presence);
    }
  }

  #count(token: number, change: number): void {
    const count = (this.#counts.get(token) ?? 0) + change;
    if (count === 0) this.#counts.delete(token);
    else this.#counts.set(token, count);
  }
}

/** Whether a job's sampling has penalties. */
export function penalises(sampling: Sampling): boolean {
  const { penaltyLastN, repetitionPenalty, presencePenalty, frequencyPenalty } = sampling;
  return (
    penaltyLastN > 0 && (repetitionPenalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0)
  );
}
