import type { State } from "./cells.ts";
import { usable } from "./slot-choice.ts";
import { commonLength } from "./tokens.ts";

/** A sequence kept in host memory. */
export interface Prefix {
  readonly tokens: Int32Array;
  /** Only jobs of this scope may continue from it. */
  readonly scope: string;
  /** Whether it can only be continued as a whole: some states cannot be cut at an earlier token. */
  readonly whole: boolean;
  readonly state: State;
}

/** A prefix, and how many of a prompt's first tokens it has. */
export interface Match {
  readonly prefix: Prefix;
  readonly common: number;
}

/** Counts of a store so far. */
export interface StoreCounts {
  readonly saved: number;
  readonly restored: number;
  readonly evicted: number;
}

interface IdleSlots extends Prefix {
  usedAt: number;
}

/**
 * Owns the sequences in host memory, within a limit of bytes. At the limit, the least valuable is evicted: the one that
 * saves the fewest tokens per byte, weighted by the time since its last use.
 */
export class PrefixStore {
  readonly limitBytes: number;
  #idle: readonly IdleSlots[] = [];
  #bytes = 0;
  #uses = 0;
  #counts: StoreCounts = { saved: 0, restored: 0, evicted: 0 };

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get counts(): StoreCounts {
    return this.#counts;
  }

  /** The prefix with the most of a prompt's first tokens. One token of a prompt is always left to compute. */
  find(prompt: Int32Array, scope: string): Match | undefined {
    let best: Match | undefined;
    for (const prefix of this.#idle) {
      if (prefix.scope !== scope) continue;
      const common = usable(prompt, prefix);
      if (common > (best?.common ?? 0)) best = { prefix, common };
    }
    return best;
  }

  /** Whether it already has all of these tokens. */
  holds(tokens: Int32Array, scope: string): boolean {
    return this.#idle.some((one) => {
      const has = commonLength(tokens, one.tokens) === tokens.length;
      return one.scope === scope && has && (!one.whole || one.tokens.length === tokens.length);
    });
  }

  /** Records that a job continues from a prefix. */
  use(prefix: Prefix): void {
    const found = this.#idle.find((one) => one === prefix);
    if (found !== undefined) found.usedAt = this.#now();
    this.#counts = { ...this.#counts, restored: this.#counts.restored + 1 };
  }

  /** Takes ownership of a prefix and its state. A shorter prefix that it continues is dropped. */
  put(prefix: Prefix): void {
    if (prefix.state.bytes > this.limitBytes) {
      prefix.state.free();
      return;
    }
    for (const one of this.#idle) if (isContinued(one, prefix)) this.#drop(one);
    while (this.#bytes + prefix.state.bytes > this.limitBytes) this.#evict();
    this.#idle = [...this.#idle, { ...prefix, usedAt: this.#now() }];
    this.#bytes += prefix.state.bytes;
    this.#counts = { ...this.#counts, saved: this.#counts.saved + 1 };
  }

  clear(): void {
    for (const one of this.#idle) this.#drop(one);
  }

  #now(): number {
    this.#uses += 1;
    return this.#uses;
  }

  #evict(): void {
    const value = ({ tokens, state, usedAt }: IdleSlots): number =>
      tokens.length / state.bytes / (1 + this.#uses - usedAt);
    const [worst] = this.#idle.toSorted((a, b) => value(a) - value(b));
    if (worst === undefined) throw new Error("bug: an empty store is full");
    this.#drop(worst);
    this.#counts = { ...this.#counts, evicted: this.#counts.evicted + 1 };
  }

  #drop(one: IdleSlots): void {
    this.#idle = this.#idle.filter((other) => other !== one);
    this.#bytes -= one.state.bytes;
    one.state.free();
  }
}

/** Whether a longer one begins with all of it, and can be cut to it. */
function isContinued(one: Prefix, longer: Prefix): boolean {
  if (one.scope !== longer.scope || longer.whole) return false;
  return commonLength(one.tokens, longer.tokens) === one.tokens.length;
}
