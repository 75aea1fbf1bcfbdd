import type { LoadClock } from "./drive.ts";

/** Writes down one stream, and wakes those who wait for it. */
export class Watch {
  readonly ended: Promise<void>;
  readonly #clock: Pick<LoadClock, "now">;
  readonly #arrivals: { readonly atMs: number; readonly tokens: number }[] = [];
  readonly #ending = Promise.withResolvers<undefined>();
  readonly #waiting: { readonly tokens: number; readonly wake: () => void }[] = [];
  #tokens = 0;
  #code: string | undefined;

  constructor(clock: Pick<LoadClock, "now">) {
    this.#clock = clock;
    this.ended = this.#ending.promise;
  }

  get tokens(): number {
    return this.#tokens;
  }

  add(tokens: number): void {
    this.#tokens += tokens;
    this.#arrivals.push({ atMs: this.#clock.now(), tokens });
    for (const { wake, tokens: wanted } of this.#waiting) if (this.#tokens >= wanted) wake();
  }

  end(code: string): void {
    this.#code = code;
    this.#ending.resolve(undefined);
  }

  /** Throws where the stream ends before. */
  async reached(tokens: number): Promise<void> {
    if (this.#tokens >= tokens) return;
    await Promise.race([
      new Promise<void>((wake) => this.#waiting.push({ tokens, wake })),
      this.ended,
    ]);
    if (this.#tokens < tokens) throw new Error(`a stream ended too early: ${this.#code ?? ""}`);
  }

  /** When its first `tokens` tokens had come. */
  reachedAtMs(tokens: number): number {
    let sum = 0;
    return this.#arrivals.find((arrival) => (sum += arrival.tokens) >= tokens)?.atMs ?? NaN;
  }

  tokensIn(fromMs: number, toMs: number): number {
    const within = this.#arrivals.filter(({ atMs }) => atMs > fromMs && atMs <= toMs);
    return within.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  gapsIn(fromMs: number, toMs: number): readonly number[] {
    return this.#arrivals.slice(1).flatMap(({ atMs }, index) => {
      const beforeMs = this.#arrivals[index]?.atMs ?? atMs;
      return atMs > fromMs && beforeMs < toMs ? [atMs - beforeMs] : [];
    });
  }
}
