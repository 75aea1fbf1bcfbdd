/** Whether a call may end as it did, by what its caller did and what happened meanwhile. Pure. */
import { modelOf } from "./answers.ts";
import type { Seen } from "./call.ts";
import type { Act, CallPlan } from "./schedule.ts";

/** Something that was done, from when it was begun until it was done, by the run's clock. */
export interface Event {
  readonly act: Act;
  readonly fromMs: number;
  untilMs: number;
}

/** How long a model may be away after a death, or until it has come. */
const aftermathMs = 10_000;
/** How long those may wait on whom a burst has met, once all of its own calls have ended. */
const drainMs = 2000;
/** Servers hear of a key within a second; a busy machine adds its own. */
const heardMs = 2000;

interface Case {
  readonly plan: CallPlan;
  readonly seen: Seen;
  readonly events: readonly Event[];
}

/**
 * Every way to end, by code and reason, and when it is right; without a reason where the caller's own library
 * ended the call. What is not here is wrong, such as INTERNAL.
 */
const ends: Readonly<Record<string, (one: Case) => boolean>> = {
  OK: (one) => (one.plan.key !== "former" || isKeyChanging(one)) && mayBeServed(one),
  CANCELLED: isOf("cancels"),
  DEADLINE_EXCEEDED: isOf("gives-up"),
  "DEADLINE_EXCEEDED DEADLINE_PASSED": isOf("gives-up"),
  "DEADLINE_EXCEEDED WOULD_EXPIRE": isOf("gives-up"),
  "DEADLINE_EXCEEDED SLOW_READER": isOf("stalls"),
  "UNAVAILABLE WORKER_EXITED": hasLost,
  "UNAVAILABLE MODEL_NOT_READY": (one) =>
    hasLost(one) || (isOfTransient(one) && happened(one, isComing, aftermathMs)),
  "NOT_FOUND MODEL_NOT_FOUND": (one) => isOfTransient(one) && !isSurelyThere(one),
  "FAILED_PRECONDITION REQUEST_QUARANTINED": (one) => deaths(one, 0) > 1,
  "RESOURCE_EXHAUSTED QUEUE_FULL": isCrowded,
  "RESOURCE_EXHAUSTED QUOTA_EXCEEDED": (one) =>
    one.plan.key !== "steady" && happened(one, ({ kind }) => kind === "tighten", heardMs),
  "UNAUTHENTICATED CREDENTIAL_INVALID": (one) =>
    one.plan.key === "former" || (one.plan.key === "visitor" && isKeyChanging(one)),
};

/** Codes with which the server must say when to come again. */
const passing = ["UNAVAILABLE", "RESOURCE_EXHAUSTED"];

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
  const end = reason === undefined ? code : `${code} ${reason}`;
  if (ends[end]?.({ plan, seen, events }) !== true) return `must not end with ${end}`;
  if (passing.includes(code) && retryMs === undefined) return "is not told when to come again";
  return undefined;
}

function isOf(kind: CallPlan["manner"]["kind"]): (one: Case) => boolean {
  return ({ plan }) => plan.manner.kind === kind;
}

function hasLost(one: Case): boolean {
  return deaths(one, aftermathMs) > 0;
}

/** Deaths of the call's model while it was under way, or so long before. */
function deaths(one: Case, beforeMs: number): number {
  const model = modelOf(one.plan);
  return during(one, beforeMs).filter(({ act }) => act.kind === "kill" && act.model === model)
    .length;
}

function isOfTransient({ plan }: Case): boolean {
  return plan.ofTransient === true;
}

function isComing({ kind }: Act): boolean {
  return kind === "transient-comes";
}

function isGoing({ kind }: Act): boolean {
  return kind === "transient-goes";
}

/** Whether the transient had come for good before the call began, and did not begin to go before its end. */
function isSurelyThere(one: Case): boolean {
  const last = lastOfTransient(one);
  return last !== undefined && isComing(last.act) && !happened(one, isGoing, 0);
}

/** False for a call to the transient that began after it had gone, and before it came again. */
function mayBeServed(one: Case): boolean {
  if (!isOfTransient(one)) return true;
  const last = lastOfTransient(one);
  return happened(one, isComing, 0) || (last !== undefined && isComing(last.act));
}

/** What the transient had done last, and was done with, when the call began. */
function lastOfTransient({ seen, events }: Case): Event | undefined {
  return events.findLast(
    ({ act, untilMs }) => (isComing(act) || isGoing(act)) && untilMs < seen.fromMs,
  );
}

/** Whether a burst has filled the queue of the call's model. Jobs that a death leaves waiting are of one, too. */
function isCrowded(one: Case): boolean {
  const model = modelOf(one.plan);
  const isOurs = (act: Act): boolean =>
    isBurst(act) && act.calls.some((call) => modelOf(call) === model);
  return happened(one, isOurs, drainMs);
}

function isBurst(act: Act): act is Extract<Act, { readonly kind: "calls" }> {
  return act.kind === "calls" && act.calls.length > 1;
}

function isKeyChanging(one: Case): boolean {
  return happened(one, ({ kind }) => kind === "renew-key", heardMs);
}

function happened(one: Case, is: (act: Act) => boolean, beforeMs: number): boolean {
  return during(one, beforeMs).some(({ act }) => is(act));
}

function during({ seen, events }: Case, beforeMs: number): readonly Event[] {
  return events.filter(
    ({ fromMs, untilMs }) => fromMs <= seen.untilMs && untilMs >= seen.fromMs - beforeMs,
  );
}
