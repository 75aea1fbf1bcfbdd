import { ServeError } from "../base/errors.ts";
import type { Priority } from "../base/priority.ts";
import { Counters, type QueueState } from "./counters.ts";
import { Estimates } from "./estimates.ts";
import { highestOf, noHighWater, see } from "./high-water.ts";
import { QueueOrder } from "./order.ts";
import type { EndedJob, EnqueueOptions, Waiting } from "./queue-entry.ts";
import { type LimitOptions, QueueLimits } from "./queue-limits.ts";
import type { Ticket } from "./ticket.ts";

export interface QueueOptions<Slot> extends LimitOptions {
  /**
   * A slot for one job now, or undefined. The job that starts takes it. Some slots are for interactive jobs only: as
   * many as interactive jobs recently needed at once.
   */
  readonly take: (priority: Priority, wanted: number) => Slot | undefined;
  /** Slots in total. */
  readonly slots: () => number;
}

/** One model's queue: bounded and fair. A job whose call ends leaves at once. */
export class Queue<Slot> {
  readonly #options: QueueOptions<Slot>;
  readonly #order = new QueueOrder<Waiting<Slot>>();
  readonly #counters = new Counters();
  readonly #estimates: Estimates;
  readonly #limits: QueueLimits<Waiting<Slot>>;
  /** Interactive jobs that waited or ran at once. */
  #peak = noHighWater;

  constructor(options: QueueOptions<Slot>) {
    this.#options = options;
    this.#estimates = new Estimates(options.slots);
    this.#limits = new QueueLimits(options, {
      order: this.#order,
      counters: this.#counters,
      estimates: this.#estimates,
    });
  }

  get state(): QueueState {
    const { started, refused, expired, left } = this.#counters;
    const running = this.#counters.running.interactive + this.#counters.running.batch;
    const { size: waiting, tokens: waitingTokens } = this.#order;
    const counted = { refused: { ...refused }, expired: { ...expired }, left: { ...left } };
    return { waiting, waitingTokens, running, started, ...counted };
  }

  /** Mean time that a job holds its slot. A second before the first measurement. */
  get heldMs(): number {
    return this.#estimates.heldMs;
  }

  /**
   * Waits for a slot and starts the job on it. Throws QUEUE_FULL, WOULD_EXPIRE, or the signal's reason. If a slot is
   * free and no job waits, the job starts before this returns.
   */
  async run<Started>(entry: EnqueueOptions<Slot, Started>): Promise<Started> {
    if (entry.signal.aborted) throw this.#endQueued(entry.signal.reason);
    const { priority } = entry.ticket;
    if (priority === "interactive") this.#see(1);
    if (this.#order.isFirst(priority)) {
      const slot = this.#take(priority);
      if (slot !== undefined) return this.#start(entry, slot);
    }
    return this.#wait(entry);
  }

  /** Starts as many jobs as there are slots. Call it when there may be more slots than before. */
  pump(): void {
    while (this.#order.size > 0) {
      const slot = this.#take("interactive");
      if (slot === undefined) return;
      const next = this.#order.shift(this.#take("batch") !== undefined);
      if (next === undefined) return;
      this.#options.globalLimit.leave(next);
      if (next.expiresAt > this.#options.now()) next.start(slot);
      else this.#expire(next);
    }
  }

  /** Fails all waiting jobs. */
  fail(error: ServeError): void {
    for (const waiting of this.#order.jobs) {
      this.#remove(waiting);
      waiting.fail(error);
    }
  }

  /** Records the result of a job, for estimates and turns. Call it once for each started job. */
  end(ending: EndedJob): void {
    const { ticket, generatedTokens, error } = ending;
    this.#counters.running[ticket.priority] -= 1;
    if (error !== undefined) this.#counters.end("running", error.reason);
    this.#estimates.learn(ticket, ending);
    this.#order.giveBack(ticket, ticket.tokens - ticket.promptTokens - generatedTokens);
  }

  #take(priority: Priority): Slot | undefined {
    this.#see(0);
    return this.#options.take(priority, highestOf(this.#peak));
  }

  /** Records how many interactive jobs need a slot now, including this many new ones. */
  #see(coming: number): void {
    const wanted = this.#counters.running.interactive + this.#order.sizes.interactive + coming;
    this.#peak = see(this.#peak, wanted, this.#options.now());
  }

  #start<Started>({ start, ticket }: EnqueueOptions<Slot, Started>, slot: Slot): Started {
    const started = start(slot);
    this.#order.start(ticket);
    this.#noteStart(ticket);
    return started;
  }

  /** Its deadline has passed, and the timer that would report it is late. */
  #expire(waiting: Waiting<Slot>): void {
    this.#order.giveBack(waiting, waiting.tokens);
    const error = new ServeError("DEADLINE_PASSED", "the call's deadline passed in the queue");
    waiting.fail(this.#endQueued(error));
  }

  #noteStart({ priority }: Ticket): void {
    this.#counters.started += 1;
    this.#counters.running[priority] += 1;
  }

  #endQueued(reason: unknown): ServeError {
    const error = ServeError.from(reason);
    this.#counters.end("queued", error.reason);
    return error;
  }

  #wait<Started>(entry: EnqueueOptions<Slot, Started>): Promise<Started> {
    const { promise, resolve, reject } = Promise.withResolvers<Started>();
    const { signal } = entry;
    const settle = (): void => signal.removeEventListener("abort", leave);
    const waiting: Waiting<Slot> = {
      ...entry.ticket,
      isRetry: entry.isRetry,
      expiresAt: entry.expiresAt,
      start: (slot) => {
        settle();
        try {
          resolve(entry.start(slot));
          this.#noteStart(waiting);
        } catch (thrown) {
          // Its call ended in this very turn, and its slot became free before it could report it.
          this.#order.giveBack(waiting, waiting.tokens);
          reject(this.#endQueued(thrown));
        }
      },
      fail: (error) => {
        settle();
        reject(error);
      },
      giveWay: (refusal) => {
        this.#remove(waiting);
        waiting.fail(this.#limits.queueFull(waiting, refusal));
      },
    };
    const leave = (): void => {
      this.#remove(waiting);
      waiting.fail(this.#endQueued(signal.reason));
    };
    if (!entry.isRetry && entry.isAdmitted !== true) this.#limits.admit(waiting);
    if (entry.isRetry) this.#order.pushFirst(waiting);
    else this.#order.push(waiting);
    this.#options.globalLimit.enter(waiting);
    signal.addEventListener("abort", leave, { once: true });
    entry.waits?.();
    return promise;
  }

  #remove(waiting: Waiting<Slot>): void {
    this.#order.remove(waiting);
    this.#options.globalLimit.leave(waiting);
  }
}
