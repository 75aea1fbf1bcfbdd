/**
 * Fair queueing: whose turn is next, by the tokens that each party was given.
 *
 * Each party has an account of tokens, and the one with the smallest is next. Virtual time is the account of the party
 * that was started last; a party that begins to wait is lifted to it, so that having been away saves nothing up. So
 * parties that always wait get the same number of tokens, and one that comes seldom is next, however many jobs another
 * has brought before (start-time fair queueing, Goyal and others 1996; "virtual token counters" in serving, Sheng and
 * others 2024).
 */
import type { Amount } from "./service-time.ts";

interface Sized {
  readonly tokens: number;
}

/** Jobs that wait for one thing, in some order. `K` is what the order knows of a job, also of one that is not in it. */
export interface Order<K extends Sized, T extends K> {
  readonly size: number;
  readonly tokens: number;
  readonly jobs: readonly T[];
  push(job: T): void;
  /** The job that is next. */
  first(): T | undefined;
  /** Takes a job out without starting it. False where it does not wait here. */
  remove(job: T): boolean;
  /** Notes that a job starts, one that has not waited too. */
  start(job: K): void;
  /** Gives back what a job that was started did not use. */
  giveBack(job: K, tokens: number): void;
  /** What would start before this job, if it came now. */
  ahead(job: K): Amount;
}

/** Jobs in the order in which they came. */
export class Fifo<K extends Sized, T extends K> implements Order<K, T> {
  readonly #jobs: T[] = [];
  #tokens = 0;

  get size(): number {
    return this.#jobs.length;
  }

  get tokens(): number {
    return this.#tokens;
  }

  get jobs(): readonly T[] {
    return this.#jobs;
  }

  push(job: T): void {
    this.#jobs.push(job);
    this.#tokens += job.tokens;
  }

  first(): T | undefined {
    return this.#jobs[0];
  }

  remove(job: T): boolean {
    const at = this.#jobs.indexOf(job);
    if (at < 0) return false;
    this.#jobs.splice(at, 1);
    this.#tokens -= job.tokens;
    return true;
  }

  start(): void {
    // It has no accounts.
  }

  giveBack(): void {
    // It has no accounts.
  }

  ahead(): Amount {
    return { jobs: this.size, tokens: this.#tokens };
  }
}

// Where ever new parties come, each is next once, and virtual time would stand still for those that
// have had their first turn. It moves at least at this part of a fair share, so they wait eight rounds.
const leastRate = 1 / 8;

// Forgetting accounts costs a look at all of them, so it is done rarely.
const keptAccounts = 64;

/** Jobs of many parties in fair turns. Each party's own jobs have an order of their own. */
export class FairTurns<K extends Sized, T extends K> implements Order<K, T> {
  readonly #partyOf: (job: K) => string;
  readonly #newLine: () => Order<K, T>;
  readonly #lines = new Map<string, Order<K, T>>();
  readonly #accounts = new Map<string, number>();
  #virtualTime = 0;
  #size = 0;
  #tokens = 0;

  constructor(partyOf: (job: K) => string, newLine: () => Order<K, T>) {
    this.#partyOf = partyOf;
    this.#newLine = newLine;
  }

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
    const party = this.#partyOf(job);
    const line = this.#lines.get(party) ?? this.#begin(party);
    line.push(job);
    this.#size += 1;
    this.#tokens += job.tokens;
  }

  /** That of the party whose turn it is; of the first that came where accounts are equal. */
  first(): T | undefined {
    let least = Infinity;
    let next: Order<K, T> | undefined;
    for (const [party, line] of this.#lines) {
      const account = this.#accounts.get(party) ?? 0;
      if (account >= least) continue;
      least = account;
      next = line;
    }
    return next?.first();
  }

  remove(job: T): boolean {
    const party = this.#partyOf(job);
    const line = this.#lines.get(party);
    if (line?.remove(job) !== true) return false;
    this.#size -= 1;
    this.#tokens -= job.tokens;
    if (line.size === 0) this.#lines.delete(party);
    return true;
  }

  /** Takes a job out because it starts. */
  take(job: T): void {
    this.start(job);
    this.remove(job);
  }

  start(job: K): void {
    const party = this.#partyOf(job);
    const account = this.#accountOf(party);
    const rate = leastRate / Math.max(1, this.#lines.size);
    this.#virtualTime = Math.max(account, this.#virtualTime + job.tokens * rate);
    this.#accounts.set(party, account + job.tokens);
    this.#lines.get(party)?.start(job);
    if (this.#accounts.size > keptAccounts + 2 * this.#lines.size) this.#forget();
  }

  giveBack(job: K, tokens: number): void {
    const party = this.#partyOf(job);
    const account = this.#accounts.get(party);
    if (account !== undefined) this.#accounts.set(party, account - tokens);
    this.#lines.get(party)?.giveBack(job, tokens);
  }

  ahead(job: K): Amount {
    const own = this.#lines.get(this.#partyOf(job));
    const ownAhead = own?.ahead(job) ?? { jobs: 0, tokens: 0 };
    const turn = this.#accountOf(this.#partyOf(job)) + ownAhead.tokens;
    let { jobs, tokens } = ownAhead;
    for (const [other, line] of this.#lines) {
      if (line === own) continue;
      const before = turn - (this.#accounts.get(other) ?? 0);
      const part = Math.min(1, Math.max(0, before) / Math.max(1, line.tokens));
      jobs += line.size * part;
      tokens += line.tokens * part;
    }
    return { jobs, tokens };
  }

  #begin(party: string): Order<K, T> {
    const line = this.#newLine();
    this.#accounts.set(party, this.#accountOf(party));
    this.#lines.set(party, line);
    return line;
  }

  /** A party that waits keeps its account; another is lifted to virtual time. */
  #accountOf(party: string): number {
    const account = this.#accounts.get(party) ?? 0;
    return this.#lines.has(party) ? account : Math.max(account, this.#virtualTime);
  }

  /** An account that virtual time has passed says nothing any more. */
  #forget(): void {
    for (const [party, account] of this.#accounts) {
      if (account <= this.#virtualTime && !this.#lines.has(party)) this.#accounts.delete(party);
    }
  }
}
