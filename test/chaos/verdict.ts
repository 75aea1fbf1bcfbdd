/** Whether a call may end as it did, by what its caller did and what happened meanwhile. Pure. */
import { methods } from "./answers.ts";
import type { Seen } from "./call.ts";
import type { Act, CallPlan, Model } from "./schedule.ts";

/** Something that was done, from when it was begun until it was done, by the run's clock. */
export interface Event {
  readonly act: Act;
  readonly fromMs: number;
  untilMs: number;
}

/** How long the server may be short of places after a burst or a death. */
const aftermathMs = 10_000;
/** Servers hear of a key within a second; a busy machine adds its own. */
const heardMs = 2000;

interface Case {
  readonly plan: CallPlan;
  readonly seen: Seen;
  readonly events: readonly Event[];
}

interface Rule {
  readonly code: string;
  /** Undefined: the caller's own library ended the call. */
  readonly reasons: readonly (string | undefined)[];
  /** Whether the server must say when to come again. */
  readonly retries?: true;
  when(one: Case): boolean;
}

/** Every way to end, and when it is right. What no rule has is wrong, such as INTERNAL. */
const rules: readonly Rule[] = [
  {
    code: "OK",
    reasons: [undefined],
    when: ({ plan, ...one }) => plan.key !== "former" || isKeyChanging(one),
  },
  {
    code: "CANCELLED",
    reasons: [undefined],
    when: ({ plan }) => plan.manner.kind === "cancels",
  },
  {
    code: "DEADLINE_EXCEEDED",
    reasons: [undefined, "DEADLINE_PASSED", "WOULD_EXPIRE"],
    when: ({ plan }) => plan.manner.kind === "gives-up",
  },
  {
    code: "DEADLINE_EXCEEDED",
    reasons: ["SLOW_READER"],
    when: ({ plan }) => plan.manner.kind === "stalls",
  },
  {
    code: "UNAVAILABLE",
    reasons: ["WORKER_EXITED", "MODEL_NOT_READY"],
    retries: true,
    when: (one) => deaths(one, aftermathMs) > 0,
  },
  {
    code: "FAILED_PRECONDITION",
    reasons: ["REQUEST_QUARANTINED"],
    when: (one) => deaths(one, 0) > 1,
  },
  {
    code: "RESOURCE_EXHAUSTED",
    reasons: ["QUEUE_FULL"],
    retries: true,
    when: (one) => deaths(one, aftermathMs) > 0 || happened(one, isBurst, aftermathMs),
  },
  {
    code: "RESOURCE_EXHAUSTED",
    reasons: ["KEY_QUOTA"],
    retries: true,
    when: ({ plan, ...one }) => plan.key !== "steady" && happened(one, isTight, heardMs),
  },
  {
    code: "UNAUTHENTICATED",
    reasons: ["CREDENTIAL_INVALID"],
    when: ({ plan, ...one }) =>
      plan.key === "former" || (plan.key === "visitor" && isKeyChanging(one)),
  },
];

/** What is wrong with how a call ended; undefined where all is well. */
export function problemOf(
  plan: CallPlan,
  seen: Seen,
  events: readonly Event[],
): string | undefined {
  if (seen.ends === 0) return "does not end";
  if (seen.ends > 1) return `ended ${seen.ends} times`;
  if (seen.answer.fault !== undefined) return `is not whole: ${seen.answer.fault}`;
  const { code, reason, retryMs } = seen;
  const rule = rules.find(
    (each) =>
      each.code === code && each.reasons.includes(reason) && each.when({ plan, seen, events }),
  );
  if (rule === undefined) return `must not end with ${code} (${reason ?? "no reason"})`;
  if (rule.retries === true && retryMs === undefined) return `${reason} says no time to come again`;
  return undefined;
}

type Moment = Pick<Case, "seen" | "events">;

const isBurst = (act: Act): boolean => act.kind === "calls" && act.calls.length > 1;
const isTight = ({ kind }: Act): boolean => kind === "tighten";

/** Deaths of the call's model while it was under way, or so long before. */
function deaths({ plan, ...one }: Case, beforeMs: number): number {
  const model: Model | undefined = methods[plan.method].model;
  return during(one, beforeMs).filter(({ act }) => act.kind === "kill" && act.model === model)
    .length;
}

function happened(one: Moment, is: (act: Act) => boolean, beforeMs: number): boolean {
  return during(one, beforeMs).some(({ act }) => is(act));
}

function during({ seen, events }: Moment, beforeMs: number): readonly Event[] {
  return events.filter(
    ({ fromMs, untilMs }) => fromMs <= seen.untilMs && untilMs >= seen.fromMs - beforeMs,
  );
}

function isKeyChanging(one: Moment): boolean {
  return happened(one, ({ kind }) => kind === "renew-key", heardMs);
}
