/** A vocabulary with what matches texts against it: matchers are made here. */
import { type Grammar, grammarKinds } from "./grammar.ts";
import { GbnfGrammar } from "./gbnf/matcher.ts";
import { parseGbnf } from "./gbnf/parse.ts";
import type { Compiled, Matcher } from "./matcher.ts";
import { Module } from "./module.ts";
import { type SortedTokens, sortTokens } from "./sorted-tokens.ts";
import { SpelledTokens } from "./spelled-tokens.ts";
import type { TokenBytes } from "./token-bytes.ts";

/** A vocabulary that was read, for other threads and for other instances of the module. */
export interface VocabularySnapshot {
  readonly memory: SharedArrayBuffer;
  /** Where in the memory it is. */
  readonly at: number;
  readonly size: number;
  readonly sorted: SortedTokens;
}

/** Reads a vocabulary: seconds for a large one. */
export function readVocabulary(tokens: TokenBytes): VocabularySnapshot {
  const { lengths, bytes } = tokens;
  const module = new Module();
  const size = lengths.length - 1;
  const numbers = new Uint8Array(lengths.buffer, lengths.byteOffset, lengths.byteLength);
  const at = module.with(numbers, (first) =>
    module.with(bytes, (second) =>
      module.pointer((calls) => calls.vocab_new(first, lengths.length, second, size)),
    ),
  );
  return { memory: module.snapshot(), at, size, sorted: sortTokens(tokens) };
}

export class Vocabulary {
  readonly #module: Module;
  readonly #at: number;
  readonly #size: number;
  readonly #mask: number;
  readonly #tokens: SpelledTokens;

  constructor({ memory, at, size, sorted }: VocabularySnapshot, tokens: TokenBytes) {
    this.#tokens = new SpelledTokens(tokens, sorted);
    this.#module = new Module(memory);
    this.#at = at;
    this.#size = size;
    this.#mask = this.#module.pointer(({ alloc }) => alloc(this.#words * 4));
  }

  get bytes(): number {
    return this.#module.bytes;
  }

  get isBroken(): boolean {
    return this.#module.isBroken;
  }

  get tokens(): SpelledTokens {
    return this.#tokens;
  }

  /** Compiles a grammar. Throws a MatcherError that says what is wrong with it. */
  compile({ kind, text }: Grammar): Compiled {
    if (kind === "gbnf") return new GbnfGrammar(parseGbnf(text), this.#tokens);
    const bytes = Buffer.from(text);
    return this.#matcher((module) =>
      module.with(bytes, (at) =>
        module.pointer((calls) =>
          calls.matcher_new(this.#at, grammarKinds[kind], at, bytes.length),
        ),
      ),
    );
  }

  get #words(): number {
    return (this.#size >>> 5) + 1;
  }

  #matcher(make: (module: Module) => number): VocabularyMatcher {
    const at = make(this.#module);
    return new VocabularyMatcher(this.#module, { at, mask: this.#mask, words: this.#words });
  }
}

interface Place {
  readonly at: number;
  readonly mask: number;
  readonly words: number;
}

class VocabularyMatcher implements Matcher, Compiled {
  readonly #module: Module;
  readonly #place: Place;

  constructor(module: Module, place: Place) {
    this.#module = module;
    this.#place = place;
  }

  check(token: number): boolean {
    const { at } = this.#place;
    return this.#module.number((calls) => calls.matcher_check(at, token)) === 1;
  }

  mask(): Uint32Array {
    const { at, mask, words } = this.#place;
    this.#module.words(mask, words).fill(0);
    this.#module.number((calls) => calls.matcher_mask(at, mask, words));
    return this.#module.words(mask, words);
  }

  among(tokens: readonly number[]): readonly number[] {
    const mask = this.mask();
    return tokens.filter((token) => (((mask[token >>> 5] ?? 0) >>> (token & 31)) & 1) === 1);
  }

  consume(token: number): void {
    this.#module.number((calls) => calls.matcher_consume(this.#place.at, token));
  }

  rollback(count: number): void {
    this.#module.number((calls) => calls.matcher_rollback(this.#place.at, count));
  }

  get accepting(): boolean {
    return this.#module.number((calls) => calls.matcher_accepting(this.#place.at)) === 1;
  }

  get stopped(): boolean {
    return this.#module.number((calls) => calls.matcher_stopped(this.#place.at)) === 1;
  }

  /** Another one in the same state. */
  clone(): VocabularyMatcher {
    const at = this.#module.pointer((calls) => calls.matcher_clone(this.#place.at));
    return new VocabularyMatcher(this.#module, { ...this.#place, at });
  }

  free(): void {
    // After a trap, what it points to may be half changed: it goes with its module.
    if (this.#module.isBroken) return;
    this.#module.number((calls) => {
      calls.matcher_free(this.#place.at);
      return 0;
    });
  }
}
