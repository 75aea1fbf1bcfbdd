/**
 * Where a text can stand in a grammar, and where each byte leads: computed once for each and remembered, so that most
 * bytes cost a look-up. A grammar can have far more states than a text visits; what is computed is bounded.
 */
import { MatcherError } from "../matcher.ts";
import { contains, overlaps } from "./characters.ts";
import { CharacterClasses } from "./classes.ts";
import type { Rules } from "./rules.ts";
import { type Stack, Stacks } from "./stacks.ts";
import { beginning, continued, type Partial, rangeOf } from "./utf8.ts";

/** Between two characters, or within one. */
export type State = Between | Within;

interface Between {
  readonly stacks: readonly Stack[];
  readonly partial?: undefined;
  /** By a class of characters: where they lead; null for nowhere. */
  readonly classes: Map<number, Between | null>;
  /** Where the first bytes of longer characters lead. */
  readonly bytes: Map<number, Within | null>;
}

interface Within {
  readonly partial: Partial;
  readonly since: Between;
  readonly bytes: Map<number, Within | null>;
}

/** Stacks that are looked at for one token or one mask. */
const mostWork = 400_000;
/** Of one state: ways in which a text can be read. */
const mostStacks = 4096;
/** Beyond this, texts that begin get new states. */
const mostRemembered = 500_000;
/** What texts that began before may add. */
const mostStates = 2_000_000;

export class States {
  readonly #stacks: Stacks;
  readonly #classes: CharacterClasses;
  readonly #known = new Map<string, Between>();
  readonly start: Between;
  #count = 0;
  #work = 0;

  constructor(rules: Rules) {
    this.#stacks = new Stacks(rules);
    this.#classes = new CharacterClasses(this.#stacks.sets());
    this.start = this.#stateOf(this.#stacks.start);
  }

  get isWorn(): boolean {
    return this.#size > mostRemembered;
  }

  /** Allows as much work as one token, or one mask, may take. */
  begin(): void {
    this.#work = mostWork;
  }

  mayEnd(state: State): boolean {
    return state.partial === undefined && state.stacks.includes(this.#stacks.end);
  }

  mustEnd(state: State): boolean {
    return state.partial === undefined && this.mayEnd(state) && state.stacks.length === 1;
  }

  /** Where a byte leads; undefined where it may not come. */
  after(state: State, byte: number): State | undefined {
    const { partial } = state;
    if (partial === undefined && byte < 0x80) return this.#afterCharacter(state, byte);
    if (partial?.missing !== 1) return this.#within(state, byte);
    const whole = continued(partial, byte);
    return whole && this.#afterCharacter(sinceOf(state), whole.bits);
  }

  get #size(): number {
    return this.#count + this.#stacks.count;
  }

  /** The middle of a character, if any that it may become may come. */
  #within(state: State, byte: number): Within | undefined {
    const known = state.bytes.get(byte);
    if (known !== undefined) return known ?? undefined;
    const { partial } = state;
    const longer = partial === undefined ? beginning(byte) : continued(partial, byte);
    const since = sinceOf(state);
    const next =
      longer !== undefined && this.#fits(since, longer)
        ? { partial: longer, since, bytes: new Map<number, Within | null>() }
        : null;
    this.#remember();
    state.bytes.set(byte, next);
    return next ?? undefined;
  }

  #fits({ stacks }: Between, partial: Partial): boolean {
    const [low, high] = rangeOf(partial);
    this.#spend(stacks.length);
    return stacks.some((stack) => overlaps(this.#stacks.next(stack) ?? [], low, high));
  }

  #afterCharacter(state: Between, character: number): Between | undefined {
    const index = this.#classes.of(character);
    const known = state.classes.get(index);
    if (known !== undefined) return known ?? undefined;
    const next = this.#computed(state, this.#classes.first(index));
    this.#remember();
    state.classes.set(index, next ?? null);
    return next;
  }

  #computed({ stacks }: Between, character: number): Between | undefined {
    const found = new Set<Stack>();
    this.#spend(stacks.length);
    for (const stack of stacks) {
      if (!contains(this.#stacks.next(stack) ?? [], character)) continue;
      const after = this.#stacks.after(stack);
      this.#spend(after.length);
      for (const next of after) found.add(next);
    }
    if (found.size > mostStacks) throw tooCostly();
    return found.size === 0 ? undefined : this.#stateOf([...found]);
  }

  #stateOf(stacks: readonly Stack[]): Between {
    const ordered = stacks.toSorted((a, b) => a.id - b.id);
    const key = ordered.map(({ id }) => id).join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const state: Between = { stacks: ordered, classes: new Map(), bytes: new Map() };
    this.#remember();
    this.#known.set(key, state);
    return state;
  }

  #remember(): void {
    this.#count += 1;
    if (this.#size > mostStates) throw tooCostly();
  }

  #spend(work: number): void {
    this.#work -= work;
    if (this.#work < 0) throw tooCostly();
  }
}

/** Where the character began. */
function sinceOf(state: State): Between {
  return state.partial === undefined ? state : state.since;
}

function tooCostly(): MatcherError {
  return new MatcherError("too much is to be kept in mind of the text; make it simpler");
}
