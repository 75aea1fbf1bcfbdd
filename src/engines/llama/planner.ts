/** A sequence that could be computed. */
export interface Candidate {
  /** Tokens that are not in the KV memory yet: at least one. */
  readonly pending: number;
  /** Whether it generates already, so that its next token is all it waits for. */
  readonly decoding: boolean;
  /** Where its cells lie. */
  readonly slot?: number | undefined;
}

/** What one sequence gets of a step. */
export interface Share {
  /** The candidate's place in the list. */
  readonly candidate: number;
  readonly tokens: number;
  /** Whether these are its last pending ones, so that a token is sampled after them. */
  readonly completes: boolean;
}

export interface StepLimits {
  /** Tokens of the whole step. */
  readonly batchTokens: number;
  /** Prompt tokens among them. */
  readonly promptTokens: number;
  /**
   * Whether the step computes each sequence's tokens apart. Then one pass over the weights takes
   * sequences whose slots follow each other, so shares come in the order of slots. Sequences of different
   * lengths take several passes, so a prompt is not begun that would be cut, unless there is no other.
   */
  readonly apart: boolean;
}

/**
 * Decides what the next step computes: one token for every sequence that generates, then prompts in the
 * list's order, up to the limit. A prompt is cut where the limit falls and goes on in the next step.
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

/** A prompt that waits for its turn to be read. */
export interface WaitingPrompt {
  /** What reading the rest of it should take, in milliseconds. */
  readonly readMs: number;
  /** How long it has waited, in milliseconds. */
  readonly waitedMs: number;
}

/** What a prompt's own reading time counts for, against the time that it has waited. */
const timeouts = 10;

/**
 * In which order prompts are read: what is read soonest goes first, so that a short prompt does not wait behind long
 * ones, and no prompt is passed by later ones once it has waited for ten times what its own reading takes. (Shortest
 * remaining time first, with ageing.)
 */
export function readingOrder<P extends WaitingPrompt>(prompts: readonly P[]): readonly P[] {
  const rank = ({ readMs, waitedMs }: P): number => readMs * timeouts - waitedMs;
  return prompts.toSorted((a, b) => rank(a) - rank(b));
}
