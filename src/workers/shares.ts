/**
 * Who may use how many cores. Threads of engines spin at barriers, so two engines on the same cores
 * do not get half each but a twentieth (measured: two engines with two threads each on two cores
 * fall from 47 tokens/s to 2.4 each; with one thread each they reach 25 each).
 */

/** What the division looks at. */
export interface Claim {
  /** Threads that the worker can use, at least 1. */
  readonly wanted: number;
  readonly isBusy: boolean;
}

/**
 * Divides the cores: returns the threads of each claim, in order.
 *
 * Busy workers share the cores evenly, none gets more than it wants, what one leaves goes to the
 * others, and each gets at least one: only with more busy workers than cores is the sum above the
 * cores. An idle worker gets what it would get if it alone became busy, so that beginning to work
 * mostly needs no word.
 */
export function shares(cores: number, claims: readonly Claim[]): readonly number[] {
  const busy = divide(cores, claims.filter((claim) => claim.isBusy).map(wantedOf));
  let taken = 0;
  return claims.map((claim, index) => {
    if (claim.isBusy) return busy[taken++] ?? 1;
    const joined = claims.filter((other, place) => other.isBusy || place === index);
    return divide(cores, joined.map(wantedOf))[taken] ?? 1;
  });
}

const wantedOf = (claim: Claim): number => claim.wanted;

/** Shares out whole cores from the most modest wish upwards; ties go to the earlier. */
function divide(cores: number, wanted: readonly number[]): readonly number[] {
  const order = wanted.map((wish, index) => ({ wish, index }));
  order.sort((a, b) => a.wish - b.wish || b.index - a.index);
  const given = wanted.map(() => 1);
  let left = cores;
  order.forEach(({ wish, index }, done) => {
    const even = Math.floor(left / (order.length - done));
    const share = Math.max(1, Math.min(wish, even));
    given[index] = share;
    left -= share;
  });
  return given;
}

/** A worker's place in the division of cores. */
export interface Share {
  readonly threads: number;
  setBusy(isBusy: boolean): void;
  /** Leaves the division: the process has ended. */
  leave(): void;
}

interface Member {
  readonly wanted: number;
  readonly tell: (threads: number) => void;
  isBusy: boolean;
  threads: number;
}

/** Owns the division of a machine's cores among its workers, and tells each when its part changes. */
export class Arbiter {
  readonly #cores: number;
  readonly #members = new Set<Member>();

  constructor(cores: number) {
    this.#cores = cores;
  }

  /** Joins idle. `tell` is called on later changes only; to begin with, read `threads`. */
  join(wanted: number, tell: (threads: number) => void): Share {
    const member: Member = { wanted, tell, isBusy: false, threads: 0 };
    this.#members.add(member);
    member.threads = this.#shareOf(member);
    return {
      get threads() {
        return member.threads;
      },
      setBusy: (isBusy) => {
        if (member.isBusy === isBusy) return;
        member.isBusy = isBusy;
        this.#divide();
      },
      leave: () => {
        if (this.#members.delete(member)) this.#divide();
      },
    };
  }

  #shareOf(member: Member): number {
    const members = [...this.#members];
    return shares(this.#cores, members)[members.indexOf(member)] ?? 1;
  }

  #divide(): void {
    const members = [...this.#members];
    const divided = shares(this.#cores, members);
    members.forEach((member, index) => {
      const threads = divided[index] ?? 1;
      if (threads === member.threads) return;
      member.threads = threads;
      member.tell(threads);
    });
  }
}
