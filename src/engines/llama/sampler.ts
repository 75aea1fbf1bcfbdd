import { ServeError } from "../../base/errors.ts";
import type { Sampling } from "../engine.ts";
import koffi from "koffi";
import type { Pointer } from "./binding.ts";
import { Candidates, mostCandidates } from "./candidates.ts";
import type { Library } from "./library.ts";
import { Penalties, penalises } from "./penalties.ts";
import type { TokenFilter } from "./token-filter.ts";

/** One link of a sampler chain, with the library's parameters. */
export type Link =
  | { readonly kind: "topK"; readonly k: number }
  | { readonly kind: "typical"; readonly p: number }
  | { readonly kind: "topP"; readonly p: number }
  | { readonly kind: "minP"; readonly p: number }
  | { readonly kind: "temperature"; readonly temperature: number }
  | { readonly kind: "dist"; readonly seed: number }
  | { readonly kind: "greedy" };

/**
 * Builds the chain for a job's sampling, in llama.cpp's order, without links that have no effect. At temperature zero,
 * no link could change which token is likeliest.
 */
export function chainOf(sampling: Sampling): readonly Link[] {
  const links: Link[] = [];
  const { temperature, topK, topP, minP, typicalP } = sampling;
  if (temperature === 0) return [{ kind: "greedy" }];
  if (topK > 0) links.push({ kind: "topK", k: topK });
  if (typicalP < 1) links.push({ kind: "typical", p: typicalP });
  if (topP < 1) links.push({ kind: "topP", p: topP });
  if (minP > 0) links.push({ kind: "minP", p: minP });
  links.push({ kind: "temperature", temperature });
  links.push({ kind: "dist", seed: sampling.seed });
  return links;
}

/** How many of the likeliest tokens a chain considers. Undefined if it may consider any. */
export function reachOf([first]: readonly Link[]): number | undefined {
  if (first?.kind === "greedy") return 1;
  return first?.kind === "topK" && first.k <= mostCandidates ? first.k : undefined;
}

/** Facts that a chain is built from. */
export interface SamplerOptions {
  readonly sampling: Sampling;
  readonly contextLength: number;
  readonly vocabularySize: number;
  /** The tokens that end a completion. */
  readonly ends: ReadonlySet<number>;
  /** Undefined if any token may come. */
  readonly filter?: TokenFilter | undefined;
}

/** Where in a completion a token is sampled: how many there are, and how many there may still be. */
export interface Place {
  readonly generated: number;
  readonly left: number;
}

/**
 * Owns one job's sampler chain, whose random numbers are the job's own, and what changes single logits before the
 * chain: biases, penalties, and the ban on the end token while there are too few tokens. As links of the chain, these
 * would make the library scan the whole vocabulary for each token.
 */
export class Sampler {
  readonly #library: Library;
  readonly #chain: Pointer;
  /** The end token is banned before this number of tokens. */
  readonly #minTokens: number;
  readonly #ends: ReadonlySet<number>;
  readonly #bias: ReadonlyMap<number, number>;
  readonly #penalties: Penalties | undefined;
  readonly #filter: TokenFilter | undefined;
  readonly #vocabularySize: number;
  /** Undefined if the chain needs the whole vocabulary. */
  readonly #candidates: Candidates | undefined;

  constructor(library: Library, options: SamplerOptions) {
    const { sampling, ends, vocabularySize } = options;
    this.#library = library;
    this.#chain = library.samplers.chain({ no_perf: true });
    this.#minTokens = sampling.ignoreEos ? Infinity : sampling.minTokens;
    this.#ends = ends;
    this.#bias = sampling.logitBias;
    this.#filter = options.filter;
    if (penalises(sampling)) this.#penalties = new Penalties(sampling, options.contextLength);
    const links = chainOf(sampling);
    const reach = reachOf(links);
    this.#vocabularySize = vocabularySize;
    this.#candidates = reach === undefined ? undefined : new Candidates(reach);
    for (const link of links) {
      library.samplers.add(this.#chain, makeLink(library, link));
    }
  }

  /** Adds a prompt, whose tokens penalties consider too. */
  read(tokens: Int32Array): void {
    this.#penalties?.read(tokens);
  }

  /**
   * Samples the next token from an output of the last step. Throws RESULT_NOT_FINITE if the logits that are read anyway
   * are not finite.
   */
  sample(context: Pointer, output: number, { generated, left }: Place): number {
    const { context: calls } = this.#library;
    const bytes = koffi.view(calls.logits(context, output), this.#vocabularySize * 4);
    const logits = new Float32Array(bytes);
    for (const [token, bias] of this.#bias) logits[token] = (logits[token] ?? 0) + bias;
    this.#penalties?.apply(logits);
    if (generated < this.#minTokens) for (const end of this.#ends) logits[end] = -Infinity;
    const sampled = this.#chooseAllowed(logits, context, output);
    const token = this.#filter?.settle(sampled, left) ?? sampled;
    this.#penalties?.accept(token);
    this.#filter?.take(token);
    return token;
  }

  /** Whether the constraint lets nothing follow. */
  get stopped(): boolean {
    return this.#filter?.stopped === true;
  }

  /** Whether the constraint was to be closed in time, and is. */
  get closed(): boolean {
    return this.#filter?.closed === true;
  }

  free(): void {
    this.#library.samplers.free(this.#chain);
    this.#filter?.free();
  }

  /** Most tokens that a model chooses are allowed, so the rest is excluded only where one is not. */
  #chooseAllowed(logits: Float32Array, context: Pointer, output: number): number {
    const { samplers } = this.#library;
    const amongAll = () => samplers.sample(this.#chain, context, output);
    const token = this.#choose(logits, amongAll);
    if (!Number.isFinite(logits[token])) throw notFinite();
    if (this.#filter === undefined || this.#filter.allows(token)) return token;
    this.#filter.exclude(logits);
    if (!logits.some((logit) => logit > -Infinity)) throw noneAllowed();
    const allowed = this.#choose(logits, amongAll);
    if (!Number.isFinite(logits[allowed])) throw notFinite();
    return allowed;
  }

  /** By the chain, from the likeliest tokens or from all: the library reads the same logits. */
  #choose(logits: Float32Array, amongAll: () => number): number {
    if (this.#candidates === undefined) return amongAll();
    this.#candidates.fill(logits);
    if (!Number.isFinite(this.#candidates.best)) throw notFinite();
    this.#library.samplers.apply(this.#chain, this.#candidates.address);
    return this.#candidates.selected();
  }
}

function noneAllowed(): ServeError {
  return new ServeError(
    "CONSTRAINT_UNSUPPORTED",
    "no token may come next: the constraint asks for text that the model's vocabulary, logit_bias or min_tokens does not let it write",
  );
}

function notFinite(): ServeError {
  return new ServeError(
    "RESULT_NOT_FINITE",
    "the model computed a number that is NaN or infinite; try another prompt, or have the model checked",
  );
}

function makeLink({ samplers }: Library, link: Link): Pointer {
  switch (link.kind) {
    case "topK":
      return samplers.topK(link.k);
    case "typical":
      return samplers.typical(link.p, 1);
    case "topP":
      return samplers.topP(link.p, 1);
    case "minP":
      return samplers.minP(link.p, 1);
    case "temperature":
      return samplers.temperature(link.temperature);
    case "dist":
      return samplers.dist(link.seed);
    case "greedy":
      return samplers.greedy();
  }
}
