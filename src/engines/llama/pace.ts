/**
 * What steps cost on this machine, learned from those that were run, and how many prompt tokens the
 * next one may therefore carry. All pure: the engine feeds measurements in.
 *
 * A prompt that enters beside running streams may lengthen their steps by `besideShare` and no more,
 * so they keep two thirds of their rate however long the prompt is. The streams' own step time is
 * learned from steps without prompt tokens; during a long prompt one such step is run now and then,
 * because a machine's speed changes.
 */

/** The share of the running streams' own step time that prompt tokens may add to it. */
const besideShare = 0.5;
/** How long a step with prompt tokens only should take: cancellations are heard between steps. */
const aloneMs = 100;
/** The fewest prompt tokens of a step with prompts only: fewer would waste most of its time. */
const aloneLeast = 16;
/** Matrix kernels compute tokens in fours. */
const grain = 4;
/** Steps with prompt tokens after which one goes without, to measure the streams' own time. */
const remeasureAfter = 16;
const weight = 0.3;

/** Learned costs, in milliseconds. */
export interface Pace {
  /** A step without prompt tokens, by the number of sequences in it. */
  readonly decodeMs: ReadonlyMap<number, number>;
  /** One prompt token, in steps with prompts only. */
  readonly aloneTokenMs: number | undefined;
  /** One prompt token beside running streams: less than alone where memory is the limit. */
  readonly besideTokenMs: number | undefined;
  /** Steps since the streams' own time was last measured. */
  readonly mixedSteps: number;
}

/** One step as it went. */
export interface StepCost {
  readonly decoding: number;
  readonly promptTokens: number;
  readonly ms: number;
}

export const unknownPace: Pace = {
  decodeMs: new Map(),
  aloneTokenMs: undefined,
  besideTokenMs: undefined,
  mixedSteps: 0,
};

/** Learns from a step. */
export function observe(pace: Pace, step: StepCost): Pace {
  const { decoding, promptTokens, ms } = step;
  if (promptTokens === 0) {
    const decodeMs = new Map(pace.decodeMs);
    decodeMs.set(decoding, blend(decodeMs.get(decoding), ms));
    return { ...pace, decodeMs, mixedSteps: 0 };
  }
  if (decoding === 0) {
    return { ...pace, aloneTokenMs: blend(pace.aloneTokenMs, ms / promptTokens) };
  }
  const own = decodeTime(pace, decoding) ?? 0;
  // A noisy step can seem to cost nothing: never believe less than a tenth of the average.
  const added = Math.max(ms - own, ms / 10) / promptTokens;
  return {
    ...pace,
    besideTokenMs: blend(pace.besideTokenMs, added),
    mixedSteps: pace.mixedSteps + 1,
  };
}

/** Forgets what no longer holds when the threads change: times as if work were shared evenly. */
export function scalePace(pace: Pace, factor: number): Pace {
  const scale = (ms: number | undefined) => (ms === undefined ? undefined : ms * factor);
  return {
    decodeMs: new Map([...pace.decodeMs].map(([count, ms]) => [count, ms * factor])),
    aloneTokenMs: scale(pace.aloneTokenMs),
    besideTokenMs: scale(pace.besideTokenMs),
    mixedSteps: remeasureAfter,
  };
}

/** How many prompt tokens a step may carry beside `decoding` sequences, at most `room`. */
export function promptAllowance(pace: Pace, decoding: number, room: number): number {
  if (decoding === 0) {
    const fits = pace.aloneTokenMs === undefined ? aloneLeast : aloneMs / pace.aloneTokenMs;
    return Math.min(room, Math.max(aloneLeast, Math.floor(fits)));
  }
  const own = decodeTime(pace, decoding);
  if (own === undefined || pace.mixedSteps >= remeasureAfter) return 0;
  const tokenMs = pace.besideTokenMs ?? pace.aloneTokenMs;
  const fits = tokenMs === undefined ? grain : (own * besideShare) / tokenMs;
  const whole = Math.floor((decoding + fits) / grain) * grain - decoding;
  return Math.min(room, Math.max(whole, grain - (decoding % grain)));
}

/** The streams' own step time: as measured, or the nearest fewer's, or less than the nearest more's. */
function decodeTime(pace: Pace, decoding: number): number | undefined {
  const exact = pace.decodeMs.get(decoding);
  if (exact !== undefined) return exact;
  const counts = [...pace.decodeMs.keys()].sort((a, b) => a - b);
  const fewer = counts.findLast((count) => count < decoding);
  const nearest = fewer ?? counts[0];
  if (nearest === undefined) return undefined;
  return (pace.decodeMs.get(nearest) ?? 0) * Math.min(1, decoding / nearest);
}

function blend(old: number | undefined, ms: number): number {
  return old === undefined ? ms : old + weight * (ms - old);
}
