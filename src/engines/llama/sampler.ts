import type { Sampling } from "../engine.ts";
import koffi from "koffi";
import type { Pointer } from "./binding.ts";
import { Candidates, mostCandidates } from "./candidates.ts";
import type { Library } from "./library.ts";

/** One link of a sampler chain, with the values that the library takes. */
export type Link =
  | { readonly kind: "bias"; readonly entries: ReadonlyMap<number, number> }
  | {
      readonly kind: "penalties";
      readonly lastTokens: number;
      readonly repetition: number;
      readonly frequency: number;
      readonly presence: number;
    }
  | { readonly kind: "topK"; readonly k: number }
  | { readonly kind: "typical"; readonly p: number }
  | { readonly kind: "topP"; readonly p: number }
  | { readonly kind: "minP"; readonly p: number }
  | { readonly kind: "temperature"; readonly temperature: number }
  | { readonly kind: "dist"; readonly seed: number }
  | { readonly kind: "greedy" };

/**
 * Lays out the chain for a job's sampling, in llama.cpp's own order, without links that would do
 * nothing. At temperature zero nothing after the penalties could change which token is likeliest.
 */
export function chainOf(sampling: Sampling, contextLength: number): readonly Link[] {
  const links: Link[] = [];
  const { temperature, topK, topP, minP, typicalP } = sampling;
  if (sampling.logitBias.size > 0) links.push({ kind: "bias", entries: sampling.logitBias });
  if (penalises(sampling)) {
    links.push({
      kind: "penalties",
      // The library reserves memory for the whole window.
      lastTokens: Math.min(sampling.penaltyLastN, contextLength),
      repetition: sampling.repetitionPenalty,
      frequency: sampling.frequencyPenalty,
      presence: sampling.presencePenalty,
    });
  }
  if (temperature === 0) return [...links, { kind: "greedy" }];
  if (topK > 0) links.push({ kind: "topK", k: topK });
  if (typicalP < 1) links.push({ kind: "typical", p: typicalP });
  if (topP < 1) links.push({ kind: "topP", p: topP });
  if (minP > 0) links.push({ kind: "minP", p: minP });
  links.push({ kind: "temperature", temperature });
  links.push({ kind: "dist", seed: sampling.seed });
  return links;
}

/**
 * How many of the likeliest tokens a chain looks at: undefined where it may look at any, because
 * something changes their order first.
 */
export function reachOf([first]: readonly Link[]): number | undefined {
  if (first?.kind === "greedy") return 1;
  return first?.kind === "topK" && first.k <= mostCandidates ? first.k : undefined;
}

function penalises(sampling: Sampling): boolean {
  const { penaltyLastN, repetitionPenalty, presencePenalty, frequencyPenalty } = sampling;
  return (
    penaltyLastN > 0 && (repetitionPenalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0)
  );
}

/** What a chain is made for. */
export interface SamplerOptions {
  readonly sampling: Sampling;
  readonly contextLength: number;
  readonly vocabularySize: number;
  /** The tokens that end a completion. */
  readonly ends: ReadonlySet<number>;
}

/** Owns one job's sampler chain, whose state (penalties, random numbers) is the job's own. */
export class Sampler {
  readonly #library: Library;
  readonly #chain: Pointer;
  readonly #minTokens: number;
  /** Whether the chain's first link forbids the end for now. */
  #banned: boolean;
  readonly #vocabularySize: number;
  /** Undefined where the chain must see the whole vocabulary. */
  readonly #candidates: Candidates | undefined;

  constructor(library: Library, options: SamplerOptions) {
    const { sampling, ends, vocabularySize } = options;
    this.#library = library;
    this.#chain = library.samplers.chain({ no_perf: true });
    this.#minTokens = sampling.ignoreEos ? Infinity : sampling.minTokens;
    this.#banned = this.#minTokens > 0 && ends.size > 0;
    const links = chainOf(sampling, options.contextLength);
    const reach = reachOf(links);
    this.#vocabularySize = vocabularySize;
    this.#candidates = reach === undefined ? undefined : new Candidates(reach);
    const ban: Link = {
      kind: "bias",
      entries: new Map([...ends].map((token) => [token, -Infinity])),
    };
    for (const link of this.#banned ? [ban, ...links] : links) {
      library.samplers.add(this.#chain, makeLink(library, link, vocabularySize));
    }
  }

  /** Shows the chain a prompt: penalties look at its tokens too. */
  read(tokens: Int32Array, lastTokens: number): void {
    const from = Math.max(0, tokens.length - lastTokens);
    for (const token of tokens.subarray(from)) this.#library.samplers.accept(this.#chain, token);
  }

  /** Takes the next token from an output of the last step, after `generated` ones. */
  sample(context: Pointer, output: number, generated: number): number {
    if (this.#banned && generated >= this.#minTokens) this.#liftBan();
    const { samplers, context: calls } = this.#library;
    if (this.#banned || this.#candidates === undefined) {
      return samplers.sample(this.#chain, context, output);
    }
    const logits = koffi.view(calls.logits(context, output), this.#vocabularySize * 4);
    this.#candidates.fill(new Float32Array(logits));
    samplers.apply(this.#chain, this.#candidates.address);
    const token = this.#candidates.selected();
    samplers.accept(this.#chain, token);
    return token;
  }

  free(): void {
    this.#library.samplers.free(this.#chain);
  }

  #liftBan(): void {
    this.#banned = false;
    const { samplers } = this.#library;
    samplers.free(samplers.remove(this.#chain, 0));
  }
}

function makeLink({ samplers }: Library, link: Link, vocabularySize: number): Pointer {
  switch (link.kind) {
    case "bias":
      return samplers.bias(vocabularySize, link.entries.size, biasEntries(link.entries));
    case "penalties":
      return samplers.penalties(
        ...[vocabularySize, link.lastTokens, link.repetition, link.frequency, link.presence],
      );
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

/** `llama_logit_bias[]`: a token's id and what is added to its logit, four bytes each. */
export function biasEntries(entries: ReadonlyMap<number, number>): Uint8Array {
  const bytes = new Uint8Array(entries.size * 8);
  const view = new DataView(bytes.buffer);
  [...entries].forEach(([token, bias], index) => {
    view.setInt32(index * 8, token, true);
    view.setFloat32(index * 8 + 4, bias, true);
  });
  return bytes;
}
