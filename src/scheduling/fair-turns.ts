/**
 * Fair queueing: the next job is that of the owner that has been given the fewest tokens.
 *
 * Each owner has an account of tokens, and the smallest account is next. Virtual time is the account of the owner that
 * was started last. An owner that begins to wait is raised to it, so that absence saves nothing up. So owners that
 * always wait get the same number of tokens. An owner that comes seldom is next, however many jobs another has
 * submitted before (start-time fair queueing, Goyal and others 1996; "virtual token counters" in serving, Sheng and
 * others 2024).
 */
import type { Amount } from "./service-time.ts";

interface Sized {
  readonly tokens: number;
}

/** Jobs that wait, in some order. `K` is what the order knows of a job, also of one that is not in it. */
export interface Order<K extends Sized, T extends K> {
  readonly size: number;
  readonly tokens: number;
  readonly jobs: readonly T[];
  push(job: T): void;
  /** The next job. */
  first(): T | undefined;
  /** Removes a job without starting it. False if it does not wait here. */
  remove(job: T): boolean;
  /** Records the start of a job, also of one that has not waited. */
  start(job: K): void;
  /** Returns tokens that a started job did not use. */
  giveBack(job: K, tokens: number): void;
  /** The work that would start before this job, if it arrived now. */
  ahead(job: K): Amount;
}

/** Jobs in order of arrival. */
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

// If new owners keep arriving, each is next once, and virtual time would not advance for those that have had their
// first turn. So it advances at least by this part of a fair share, and they wait eight rounds.
const leastRate = 1 / 8;

// Forgetting accounts scans all of them, so it is done rarely.
const keptAccounts = 64;

/** Jobs of many owners in fair order. The jobs of each owner have an order of their own. */
export class FairTurns<K extends Sized, T extends K> implements Order<K, T> {
  readonly #ownerOf: (job: K) => string;
  readonly #newLine: () => Order<K, T>;
  readonly #lines = new Map<string, Order<K, T>>();
  readonly #accounts = new Map<string, number>();
  #virtualTime = 0;
  #size = 0;
  #tokens = 0;

  constructor(ownerOf: (job: K) => string, newLine: () => Order<K, T>) {
    this.#ownerOf = ownerOf;
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
    const owner = this.#ownerOf(job);
    const line = this.#lines.get(owner) ?? this.#begin(owner);
    line.push(job);
    this.#size += 1;
    this.#tokens += job.tokens;
  }

  /** The next owner's; among equal accounts, the one that came first. */
  first(): T | undefined {
    let least = Infinity;
    let next: Order<K, T> | undefined;
    for (const [owner, line] of this.#lines) {
      const account = this.#accounts.get(owner) ?? 0;
      if (account >= least) continue;
      least = account;
      next = line;
    }
    return next?.first();
  }

  remove(job: T): boolean {
    const owner = this.#ownerOf(job);
    const line = this.#lines.get(owner);
    if (line?.remove(job) !== true) return false;
    this.#size -= 1;
    this.#tokens -= job.tokens;
    if (line.size === 0) this.#lines.delete(owner);
    return true;
  }

  /** Removes a job because it starts. */
  take(job: T): void {
    this.start(job);
    this.remove(job);
  }

  start(job: K): void {
    const owner = this.#ownerOf(job);
    const account = this.#accountOf(owner);
    const rate = leastRate / Math.max(1, this.#lines.size);
    this.#virtualTime = Math.max(account, this.#virtualTime + job.tokens * rate);
    this.#accounts.set(owner, account + job.tokens);
    this.#lines.get(owner)?.start(job);
    if (this.#accounts.size > keptAccounts + 2 * this.#lines.size) this.#forget();
  }

  giveBack(job: K, tokens: number): void {
    const owner = this.#ownerOf(job);
    const account = this.#accounts.get(owner);
    if (account !== undefined) this.#accounts.set(owner, account - tokens);
    this.#lines.get(owner)?.giveBack(job, tokens);
  }

  ahead(job: K): Amount {
    const own = this.#lines.get(this.#ownerOf(job));
    const ownAhead = own?.ahead(job) ?? { jobs: 0, tokens: 0 };
    const turn = this.#accountOf(this.#ownerOf(job)) + ownAhead.tokens;
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

  #begin(owner: string): Order<K, T> {
    const line = this.#newLine();
    this.#accounts.set(owner, this.#accountOf(owner));
    this.#lines.set(owner, line);
    return line;
  }

  /** An owner that waits keeps its account. Another is raised to virtual time. */
  #accountOf(owner: string): number {
    const account = this.#accounts.get(owner) ?? 0;
    return this.#lines.has(owner) ? account : Math.max(account, this.#virtualTime);
  }

  /** An account below virtual time has no effect any more. */
  #forget(): void {
    for (const [owner, account] of this.#accounts) {
      if (account <= this.#virtualTime && !this.#lines.has(owner)) this.#accounts.delete(owner);
    }
  }
}
