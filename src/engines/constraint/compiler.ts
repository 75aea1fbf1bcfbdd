/**
 * Owns the compiled constraints of one vocabulary. A constraint is compiled twice: first in a thread, where it may take
 * its time, and then, if that took little, where texts are written. Matchers cannot be moved between the two.
 */
import type { Constraint } from "../jobs.ts";
import { Closing, type ClosingOptions } from "./closing/closing.ts";
import { CompileThread } from "./thread.ts";
import { digestOf, type Grammar, grammarOf } from "./grammar.ts";
import type { Compiled, ConstraintVocabulary, Matcher } from "./matcher.ts";
import { refusalOf, tooCostly } from "./refusal.ts";
import { type TokenBytes, tokenBytesOf } from "./token-bytes.ts";
import { Vocabulary, type VocabularySnapshot } from "./vocabulary.ts";

/** Constraints that are remembered, also refused ones. */
const mostRemembered = 128;
/** The longest that writing may be held up by compiling. */
const mostHoldUpMs = 250;
/** Beyond this, new matchers get a new instance; the old one goes when its last text has ended. */
const mostBytes = 512 * 2 ** 20;

interface Known {
  readonly refusal?: string | undefined;
  matcher?: { readonly of: Vocabulary; readonly first: Compiled };
}

interface ConstraintSource {
  /** Of the request. */
  readonly field: "constraint";
  matcher(): Matcher | undefined;
  prepare(): Promise<void>;
}

export class ConstraintCompiler {
  readonly #source: ConstraintVocabulary;
  readonly #known = new Map<string, Known>();
  readonly #underWay = new Map<string, Promise<Known>>();
  #tokens: TokenBytes | undefined;
  #snapshot: VocabularySnapshot | undefined;
  #thread: CompileThread | undefined;
  #vocabulary: Vocabulary | undefined;

  constructor(source: ConstraintVocabulary) {
    this.#source = source;
  }

  /** Makes a constraint ready for `matcher`. Rejects with CONSTRAINT_INVALID or CONSTRAINT_UNSUPPORTED. */
  async prepare(constraint: Constraint): Promise<void> {
    const grammar = grammarOf(constraint);
    const digest = digestOf(grammar);
    const known = this.#known.get(digest) ?? (await this.#compile(digest, grammar));
    if (known.refusal !== undefined) throw refusalOf(known.refusal, constraint);
  }

  /** A matcher at the beginning of a text; undefined where the constraint must be prepared first. */
  matcher(constraint: Constraint): Matcher | undefined {
    const grammar = grammarOf(constraint);
    const digest = digestOf(grammar);
    const known = this.#known.get(digest);
    const [tokens, snapshot] = [this.#tokens, this.#snapshot];
    if (known === undefined || tokens === undefined || snapshot === undefined) return undefined;
    if (known.refusal !== undefined) throw refusalOf(known.refusal, constraint);
    const vocabulary = this.#current(snapshot, tokens);
    // The most recently used come last.
    this.#known.delete(digest);
    this.#known.set(digest, known);
    if (known.matcher?.of !== vocabulary) {
      known.matcher = { of: vocabulary, first: vocabulary.compile(grammar) };
    }
    return known.matcher.first.clone();
  }

  /** What closes a text of `matcher` before its tokens are used up. */
  closing(options: Omit<ClosingOptions, "tokens">): Closing {
    if (this.#vocabulary === undefined) throw new Error("bug: a text began before its constraint");
    return new Closing({ ...options, tokens: this.#vocabulary.tokens });
  }

  /** Where a completion's matcher comes from. */
  source(constraint: Constraint): ConstraintSource {
    return {
      field: "constraint",
      matcher: () => this.matcher(constraint),
      prepare: () => this.prepare(constraint),
    };
  }

  close(): void {
    this.#thread?.end();
    this.#thread = undefined;
  }

  #current(snapshot: VocabularySnapshot, tokens: TokenBytes): Vocabulary {
    const now = this.#vocabulary;
    if (now !== undefined && !now.isBroken && now.bytes - snapshot.memory.byteLength <= mostBytes) {
      return now;
    }
    // What was compiled before would keep the old one.
    for (const known of this.#known.values()) delete known.matcher;
    this.#vocabulary = new Vocabulary(snapshot, tokens);
    return this.#vocabulary;
  }

  #compile(digest: string, grammar: Grammar): Promise<Known> {
    const underWay = this.#underWay.get(digest);
    if (underWay !== undefined) return underWay;
    const compiled = this.#askThread(grammar)
      .then((refusal) => this.#remember(digest, { refusal }))
      .finally(() => this.#underWay.delete(digest));
    this.#underWay.set(digest, compiled);
    return compiled;
  }

  async #askThread(grammar: Grammar): Promise<string | undefined> {
    this.#tokens ??= tokenBytesOf(this.#source);
    this.#thread ??= new CompileThread(this.#tokens);
    const { refusal, ms, snapshot } = await this.#thread.compile(grammar);
    this.#snapshot ??= snapshot;
    return refusal ?? (ms > mostHoldUpMs ? tooCostly : undefined);
  }

  #remember(digest: string, known: Known): Known {
    this.#known.set(digest, known);
    for (const [oldest, { matcher }] of this.#known) {
      if (this.#known.size <= mostRemembered) break;
      matcher?.first.free();
      this.#known.delete(oldest);
    }
    return known;
  }
}
