/** What is done to a server, and when: drawn from a seed alone, so that a run can be had again. */
import { Random } from "../fuzz/random.ts";

export const models = ["inferd-demo", "all-minilm-l6-v2"] as const;
export type Model = (typeof models)[number];
/** A third one, which comes and goes. */
export const transient = "transient";

/**
 * Whose call it is. What `steady` spends is known to the token, since nobody breaks its calls off; `hasty`
 * does, and has the quota that the configuration gives; `visitor` is a key that is revoked and made anew;
 * `former` shows the one that was revoked last.
 */
export type Key = "steady" | "hasty" | "visitor" | "former";

/** How a caller behaves. */
type Manner =
  | { readonly kind: "waits" }
  | { readonly kind: "cancels"; readonly afterMs: number }
  | { readonly kind: "gives-up"; readonly deadlineMs: number }
  /** From its first response on. */
  | { readonly kind: "stalls"; readonly forMs: number };

export interface CallPlan {
  readonly method: "generate" | "generateStream" | "embed" | "embedStream" | "listModels";
  readonly key: Key;
  readonly manner: Manner;
  /** Whether its work may wait for that of others. */
  readonly isBatch?: boolean;
  /** Whether it means the transient, in place of the method's own model. */
  readonly ofTransient?: boolean;
  /** Stands in the call's text, so that no two are alike. */
  readonly number: number;
  /** The most tokens to generate, or the texts to embed. */
  readonly size: number;
  /** Spaces at the end of each of its texts; none where it is undefined. */
  readonly padding?: number;
}

export type Act =
  | { readonly kind: "calls"; readonly calls: readonly CallPlan[] }
  | { readonly kind: "kill"; readonly model: Model }
  | { readonly kind: "tighten"; readonly forMs: number }
  | { readonly kind: "transient-comes" }
  | { readonly kind: "transient-goes" }
  | { readonly kind: "renew-key" }
  | { readonly kind: "renew-certificate" };

export type Action = Act & { readonly atMs: number };

/**
 * How long a stream may go unread. A caller who stalls reads on when that has ended its call, and before what
 * was never read is thrown away, which is from twice as long on.
 */
export const stallMs = 1500;
const stallsMs = 1.9 * stallMs;
const unreadTexts = 128;
/** So many calls may wait for others: enough that some of them run, some wait and some give way. */
const batchPart = 1 / 4;

// With a burst in the middle, which is more than the quota then lets in.
const tightMs = 2500;
const callEveryMs = 120;
const burstEveryMs = 15_000;
// Many more than have a place and may wait.
const burstCalls = 70;
// Two deaths in a row, then long enough alive for a clean record: more of them make the server rest.
const killsMs = [12_000, 17_000];
const killRoundMs = 90_000;
// In the middle of a burst: else a worker may die with nothing to lose.
const killAfterMs = 300;
// The other model's deaths come between.
const killLagMs = 15_000;
// Shorter than half the time between its comings, so that it is gone before it comes again.
const transientStaysMs = 6000;
const transientEveryMs = 14_000;
const transientCallEveryMs = 800;
// So that it goes while they run and wait.
const transientBurstMs = 200;
// So that the last calls meet a server that has recovered, and has heard of everything.
const calmMs = 8000;

/** All actions of a run, in the order of their times. */
export function schedule(seed: number, lastsMs: number): readonly Action[] {
  const random = new Random(seed, 0);
  const calmAtMs = lastsMs - calmMs;
  const actions = [
    ...times(random, callEveryMs, lastsMs).map((atMs) => calls(atMs, [single(random)])),
    ...times(random, burstEveryMs, lastsMs).map((atMs) =>
      calls(atMs, burst(random, random.pick(["generate", "embed"]))),
    ),
    ...kills(random, calmAtMs),
    ...times(random, 9000, calmAtMs).flatMap((atMs): Action[] => [
      { atMs, kind: "tighten", forMs: tightMs },
      calls(atMs + tightMs / 2, burst(random, "generateStream")),
    ]),
    ...times(random, 11_000, calmAtMs).map((atMs): Action => ({ atMs, kind: "renew-key" })),
    ...times(random, 13_000, calmAtMs).map((atMs): Action => ({ atMs, kind: "renew-certificate" })),
    ...transients(random, calmAtMs),
  ];
  return numbered(actions.toSorted((one, other) => one.atMs - other.atMs));
}

/** Times whose distances are between half and one and a half times the mean. */
function times(random: Random, meanMs: number, lastsMs: number): number[] {
  const found: number[] = [];
  for (let atMs = 0; ;) {
    atMs += Math.round(meanMs * (0.5 + random.next()));
    if (atMs >= lastsMs) return found;
    found.push(atMs);
  }
}

function kills(random: Random, lastsMs: number): Action[] {
  const found: Action[] = [];
  for (let roundMs = 0; roundMs < lastsMs; roundMs += killRoundMs) {
    for (const [index, model] of models.entries()) {
      for (const killMs of killsMs) {
        const atMs = roundMs + index * killLagMs + killMs + random.below(1500);
        if (atMs >= lastsMs) continue;
        const method = model === "inferd-demo" ? "generateStream" : "embed";
        found.push(calls(atMs - killAfterMs, burst(random, method)), { atMs, kind: "kill", model });
      }
    }
  }
  return found;
}

function transients(random: Random, lastsMs: number): Action[] {
  const stays = times(random, transientEveryMs, lastsMs - transientStaysMs).flatMap(
    (atMs): Action[] => [
      { atMs, kind: "transient-comes" },
      calls(
        atMs + transientStaysMs - transientBurstMs,
        burst(random, "generateStream").map(toTransient),
      ),
      { atMs: atMs + transientStaysMs, kind: "transient-goes" },
    ],
  );
  const singles = times(random, transientCallEveryMs, lastsMs).map((atMs) => {
    const method = random.pick(["generate", "generateStream"] as const);
    const key = random.pick(["steady", "hasty"] as const);
    const size = sizeOf(method, random);
    return calls(atMs, [toTransient({ method, key, manner: patient, number: 0, size })]);
  });
  return [...stays, ...singles];
}

function toTransient(call: CallPlan): CallPlan {
  return { ...call, ofTransient: true };
}

/** Calls that begin at once; they get their numbers at last. */
function calls(atMs: number, plans: readonly CallPlan[]): Action {
  return { atMs, kind: "calls", calls: plans };
}

function single(random: Random): CallPlan {
  const method = random.pick(methods);
  const manner = random.chance(0.4) ? impatient(random) : patient;
  const key = manner.kind === "waits" ? random.pick(keys) : "hasty";
  const common = { key, manner, isBatch: random.chance(batchPart), number: 0 };
  // Text is so small that it lies in buffers on the way, read or not; vectors are not.
  if (manner.kind === "stalls") return { ...common, method: "embedStream", size: unreadTexts };
  return { ...common, method, size: sizeOf(method, random) };
}

const methods = [
  ...(["generate", "generateStream", "generateStream"] as const),
  ...(["embed", "embed", "embedStream", "listModels"] as const),
];
const keys = ["steady", "steady", "hasty", "visitor", "former"] as const;
const patient: Manner = { kind: "waits" };

function impatient(random: Random): Manner {
  const draw = random.below(12);
  if (draw === 0) return { kind: "stalls", forMs: stallsMs };
  if (draw < 4) return { kind: "gives-up", deadlineMs: 1 + random.below(300) };
  return { kind: "cancels", afterMs: random.below(400) };
}

function sizeOf(method: CallPlan["method"], random: Random): number {
  return method.startsWith("embed") ? 1 + random.below(12) : 1 + random.below(120);
}

function burst(random: Random, method: CallPlan["method"]): CallPlan[] {
  return Array.from({ length: burstCalls }, (): CallPlan => {
    const key = random.pick(["steady", "hasty", "visitor"] as const);
    const isBatch = random.chance(batchPart);
    return { method, key, manner: patient, isBatch, number: 0, size: sizeOf(method, random) };
  });
}

function numbered(actions: readonly Action[]): readonly Action[] {
  let number = 0;
  return actions.map((action) =>
    action.kind === "calls"
      ? { ...action, calls: action.calls.map((call) => ({ ...call, number: number++ })) }
      : action,
  );
}
