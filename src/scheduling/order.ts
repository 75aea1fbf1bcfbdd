import { batchShare, type Priority } from "../base/priority.ts";
import { Callers } from "./callers.ts";
import type { Amount } from "./service-time.ts";
import type { Ticket } from "./ticket.ts";

/** Work that starts before a job, per priority, since durations differ. */
export type Ahead = Readonly<Record<Priority, Amount>>;

/**
 * Waiting jobs of one model, in the order in which they start.
 *
 * First, jobs that lost their worker. Then interactive jobs before batch jobs, and within each priority the callers
 * fairly. Batch jobs still get an eighth of the tokens: the next one starts as soon as interactive jobs of seven times
 * its tokens have started before it.
 */
export class QueueOrder<T extends Ticket> {
  readonly #again: T[] = [];
  readonly #interactive = new Callers<T>();
  readonly #batch = new Callers<T>();
  /** Tokens that batch jobs may have before interactive ones. */
  #batchDue = 0;

  get size(): number {
    return this.#again.length + this.#interactive.size + this.#batch.size;
  }

  /** Number of jobs of each priority. */
  get sizes(): Readonly<Record<Priority, number>> {
    const again = (priority: Priority): number =>
      this.#again.filter((job) => job.priority === priority).length;
    return {
      interactive: again("interactive") + this.#interactive.size,
      batch: again("batch") + this.#batch.size,
    };
  }

  get tokens(): number {
    const again = this.#again.reduce((sum, { tokens }) => sum + tokens, 0);
    return again + this.#interactive.tokens + this.#batch.tokens;
  }

  /** Jobs of a caller in order of arrival. */
  get jobs(): readonly T[] {
    return [...this.#again, ...this.#interactive.jobs, ...this.#batch.jobs];
  }

  push(job: T): void {
    this.#of(job).push(job);
  }

  /** Puts a job before all others: it had its turn. */
  pushFirst(job: T): void {
    this.#again.unshift(job);
  }

  /** Whether a job that arrived now would start next. */
  isFirst(priority: Priority): boolean {
    if (this.#interactive.size > 0) return false;
    if (priority === "batch") return this.#again.length + this.#batch.size === 0;
    return this.#again.every((job) => job.priority === "batch");
  }

  /** Removes the job that starts next: an interactive one if no slot is open to batch jobs. */
  shift(hasBatchSlot: boolean): T | undefined {
    const again = this.#again.findIndex((job) => job.priority === "interactive" || hasBatchSlot);
    const [job] = again < 0 ? [] : this.#again.splice(again, 1);
    if (job !== undefined) this.#of(job).start(job);
    return job ?? this.#shiftFair(hasBatchSlot);
  }

  /** Removes a job that will not start. */
  remove(job: T): void {
    const at = this.#again.indexOf(job);
    if (at >= 0) this.#again.splice(at, 1);
    else this.#of(job).remove(job);
  }

  /** Records a job that starts without having waited. */
  start(ticket: Ticket): void {
    // It overtakes batch jobs, which may not use the slot.
    this.#pass(ticket);
    this.#of(ticket).start(ticket);
  }

  /** Returns to its caller the tokens that a started job did not use. */
  giveBack(ticket: Ticket, tokens: number): void {
    this.#of(ticket).giveBack(ticket, tokens);
  }

  /**
   * The work that would start before a job that arrived now. For an interactive job, batch jobs do not count, since few
   * start before it.
   */
  ahead(newcomer: Ticket): Ahead {
    const { priority, tokens } = newcomer;
    const own = this.#of(newcomer).ahead(newcomer);
    if (priority === "interactive") return { interactive: own, batch: { jobs: 0, tokens: 0 } };
    const { size, tokens: waiting } = this.#interactive;
    const passing = Math.min(waiting, (own.tokens + tokens) * passingTokens);
    const part = waiting === 0 ? 0 : passing / waiting;
    return { interactive: { jobs: size * part, tokens: passing }, batch: own };
  }

  #shiftFair(hasBatchSlot: boolean): T | undefined {
    const interactive = this.#interactive.first();
    const batch = this.#batch.first();
    if (batch === undefined) this.#batchDue = 0;
    else if (hasBatchSlot && (interactive === undefined || this.#batchDue >= batch.tokens)) {
      this.#batchDue = Math.max(0, this.#batchDue - batch.tokens);
      this.#batch.take(batch);
      return batch;
    }
    if (interactive === undefined) return undefined;
    this.#pass(interactive);
    this.#interactive.take(interactive);
    return interactive;
  }

  /** Counts a job that starts while batch jobs wait. No more is saved up than the next of them needs. */
  #pass({ tokens }: Ticket): void {
    const batch = this.#batch.first();
    if (batch !== undefined && this.#batchDue < batch.tokens) {
      this.#batchDue += tokens / passingTokens;
    }
  }

  #of({ priority }: Pick<Ticket, "priority">): Callers<T> {
    return priority === "batch" ? this.#batch : this.#interactive;
  }
}

/** Tokens of interactive jobs that may start before a batch job, per token of it. */
const passingTokens = (1 - batchShare) / batchShare;
