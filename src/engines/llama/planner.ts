/** A sequence that could be computed. */
export interface Candidate {
  /** Tokens that are not in the KV memory yet: at least one. */
  readonly pending: number;
  /** Whether it already generates, so that it needs only its next token. */
  readonly decoding: boolean;
  /** The slot of its cells. */
  readonly slot?: number | undefined;
}

/** The share of one sequence in a step. */
export interface Share {
  /** Index of the candidate in the list. */
  readonly candidate: number;
  readonly tokens: number;
  /** Whether these are its last pending tokens, after which a token is sampled. */
  readonly completes: boolean;
}

export interface StepLimits {
  /** Maximum tokens of the whole step. */
  readonly batchTokens: number;
  /** Maximum prompt tokens among them. */
  readonly promptTokens: number;
  /**
   * Whether the step computes the tokens of each sequence separately. Then one pass over the weights takes sequences in
   * adjacent slots, so shares come in the order of slots. Sequences of different lengths take several passes, so a
   * prompt that would be split is not begun, unless there is no other.
   */
  readonly apart: boolean;
}

/**
 * Decides what the next step computes: one token for every sequence that generates, then prompts in the list's order,
 * up to the limit. A prompt is split at the limit and continues in the next step.
 */
export function planStep(candidates: readonly Candidate[], limits: StepLimits): readonly Share[] {
  const shares: Share[] = [];
  let room = limits.batchTokens;
  candidates.forEach((one, candidate) => {
    if (!one.decoding || room === 0) return;
    shares.push({ candidate, tokens: 1, completes: true });
    room -= 1;
  });
  let prompt = Math.min(limits.promptTokens, room);
  const all = prompt;
  candidates.forEach((one, candidate) => {
    if (one.decoding || prompt === 0) return;
    if (limits.apart && prompt < all && one.pending > prompt) return;
    const tokens = Math.min(one.pending, prompt);
    shares.push({ candidate, tokens, completes: tokens === one.pending });
    prompt -= tokens;
  });
  const slotOf = ({ candidate }: Share): number => candidates[candidate]?.slot ?? 0;
  return limits.apart ? shares.toSorted((a, b) => slotOf(a) - slotOf(b)) : shares;
}

/** A prompt that waits to be read. */
export interface WaitingPrompt {
  /** Expected time to read the rest of it, in milliseconds. */
  readonly readMs: number;
  /** Time that it has waited, in milliseconds. */
  readonly waitedMs: number;
}

/** Weight of a prompt's own reading time, against its waiting time. */
const timeouts = 10;

/**
 * The order in which prompts are read: the shortest first, so that a short prompt does not wait behind long ones. A
 * prompt that has waited ten times its own reading time is not overtaken by later ones. (Shortest remaining time first,
 * with ageing.)
 */
export function readingOrder<P extends WaitingPrompt>(prompts: readonly P[]): readonly P[] {
  const rank = ({ readMs, waitedMs }: P): number => readMs * timeouts - waitedMs;
  return prompts.toSorted((a, b) => rank(a) - rank(b));
}
