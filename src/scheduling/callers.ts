/**
 * Fair queueing: who is next among callers that wait, by the tokens they have been given.
 *
 * Each caller has an account of tokens, and the caller with the smallest is next. Virtual time is
 * the account of whoever was started last; a caller who begins to wait is lifted to it, so that
 * having been away saves nothing up. So those who always wait get the same number of tokens, and one
 * who comes seldom is next, however many jobs another has brought before (start-time fair queueing,
 * Goyal and others 1996; "virtual token counters" in serving, Sheng and others 2024).
 */
import type { Amount } from "./pace.ts";
import type { Ticket } from "./ticket.ts";

type Job = Pick<Ticket, "caller" | "tokens">;

interface Line<T> {
  readonly jobs: T[];
  tokens: number;
}

// Where ever new callers come, each is next once, and virtual time would stand still for those who
// have had their first turn. It moves at least at this part of a fair share, so they wait eight rounds.
const leastRate = 1 / 8;

// Forgetting accounts costs a look at all of them, so it is done rarely.
const keptAccounts = 64;

/** Jobs of many callers that wait for one thing. A caller's own jobs keep their order. */
export class Callers<T extends Job> {
  readonly #lines = new Map<string, Line<T>>();
  readonly #accounts = new Map<string, number>();
  #virtualTime = 0;
  #size = 0;
  #tokens = 0;

  get size(): number {
    return this.#size;
  }

  get tokens(): number {
    return this.#tokens;
  }

  get jobs(): readonly T[] {
    return Array.from(this.#lines.values(), ({ jobs }) => jobs).flat();
  }

  push(job: T): void {
    this.#size += 1;
    this.#tokens += job.tokens;
    const line = this.#lines.get(job.caller);
    if (line !== undefined) {
      line.jobs.push(job);
      line.tokens += job.tokens;
      return;
    }
    this.#accounts.set(job.caller, this.#accountOf(job.caller));
    this.#lines.set(job.caller, { jobs: [job], tokens: job.tokens });
  }

  /** Who is next; the first who came where accounts are equal. */
  first(): T | undefined {
    let least = Infinity;
    let found: T | undefined;
    for (const [caller, { jobs }] of this.#lines) {
      const account = this.#accounts.get(caller) ?? 0;
      if (account >= least) continue;
      least = account;
      found = jobs[0];
    }
    return found;
  }

  /** Takes a job out without starting it. False where it does not wait here. */
  remove(job: T): boolean {
    const line = this.#lines.get(job.caller);
    const at = line?.jobs.indexOf(job) ?? -1;
    if (line === undefined || at < 0) return false;
    line.jobs.splice(at, 1);
    line.tokens -= job.tokens;
    this.#size -= 1;
    this.#tokens -= job.tokens;
    if (line.jobs.length === 0) this.#lines.delete(job.caller);
    return true;
  }

  /** Takes a job out because it starts. */
  take(job: T): void {
    this.start(job);
    this.remove(job);
  }

  /** Notes that a job starts, one that has not waited too. */
  start({ caller, tokens }: Job): void {
    const account = this.#accountOf(caller);
    const rate = leastRate / Math.max(1, this.#lines.size);
    this.#virtualTime = Math.max(account, this.#virtualTime + tokens * rate);
    this.#accounts.set(caller, account + tokens);
    if (this.#accounts.size > keptAccounts + 2 * this.#lines.size) this.#forget();
  }

  /** Gives back what a job that was started did not use. */
  giveBack({ caller }: Job, tokens: number): void {
    const account = this.#accounts.get(caller);
    if (account !== undefined) this.#accounts.set(caller, account - tokens);
  }

  /** What would start before a job that its caller brought now. */
  ahead(caller: string): Amount {
    const own = this.#lines.get(caller);
    const turn = this.#accountOf(caller) + (own?.tokens ?? 0);
    let jobs = 0;
    let tokens = 0;
    for (const [other, line] of this.#lines) {
      const before = turn - (this.#accounts.get(other) ?? 0);
      const part = line === own ? 1 : Math.min(1, Math.max(0, before) / Math.max(1, line.tokens));
      jobs += line.jobs.length * part;
      tokens += line.tokens * part;
    }
    return { jobs, tokens };
  }

  /** A caller who waits keeps his account; another is lifted to virtual time. */
  #accountOf(caller: string): number {
    const account = this.#accounts.get(caller) ?? 0;
    return this.#lines.has(caller) ? account : Math.max(account, this.#virtualTime);
  }

  /** An account that virtual time has passed says nothing any more. */
  #forget(): void {
    for (const [caller, account] of this.#accounts) {
      if (account <= this.#virtualTime && !this.#lines.has(caller)) this.#accounts.delete(caller);
    }
  }
}
