/** The figures that docs/benchmarks.md shows; docs/benchmarks/results.md has all of them. */

export interface Headline {
  /** The scenario. */
  readonly from: string;
  /** The claim's text there. */
  readonly claim: string;
  /** What the page says of it. */
  readonly says: string;
}

/** At most ten, among them some that miss their aim. */
export const headlines: readonly Headline[] = [
  {
    from: "generation-peers",
    claim: "generation against the limit, llama-batched-bench, 16 streams",
    says: "generation, 16 streams, against `llama-batched-bench` on the same library",
  },
  {
    from: "prompts-peers",
    claim: "one prompt of 1,900 tokens, first token, against llama-server",
    says: "first token of a 1,900-token prompt, against llama-server",
  },
  {
    from: "embedding-peers",
    claim: "embedding against sentence-transformers, batch 32",
    says: "embeddings, 32 texts a call, against sentence-transformers in process",
  },
  {
    from: "overload",
    claim: "goodput under 3 times the capacity",
    says: "goodput under three times the load that the server can take",
  },
  {
    from: "fairness",
    claim: "the quiet caller's calls next to a flood of batch jobs, p99, against an idle server",
    says: "a quiet caller's p99 next to a flood of batch jobs, against an idle server",
  },
  {
    from: "cancel",
    claim: "cancel to free slot, p50, inferd-demo generating",
    says: "from a cancellation to a free slot, p50",
  },
  {
    from: "rpc-peers",
    claim: "streamed pieces against FastAPI",
    says: "pieces a second of a function that streams, against FastAPI",
  },
  {
    from: "probes",
    claim: "missed probes in 300 s of full load",
    says: "missed health probes in five minutes of full load",
  },
  {
    from: "faults",
    claim: "worker ended by SIGKILL: until its model served again, p50",
    says: "from a worker's death to a model that serves again, p50",
  },
  {
    from: "startup",
    claim: "ready with both models after start",
    says: "from start to ready, with both models",
  },
];
