/**
 * What the kubelet makes of one probe's results, as its `prober/worker.go` has it: thresholds, what
 * counts before the first result, and which probes run when. Pure: results in, verdicts out.
 */
export type Kind = "startup" | "liveness" | "readiness";

export interface ProbeSpec {
  readonly kind: Kind;
  readonly failureThreshold: number;
  /** Must be 1 for start-up and liveness. */
  readonly successThreshold: number;
}

type Verdict = "unknown" | "success" | "failure";

/** One probe of one container, between two results. */
export interface ProbeState {
  readonly spec: ProbeSpec;
  /** What the kubelet goes by now. */
  readonly verdict: Verdict;
  readonly last: Verdict;
  /** How often the last result came in a row. */
  readonly run: number;
  /** A restart was asked for: nothing is probed until the new container starts. */
  readonly onHold: boolean;
}

const initial: Readonly<Record<Kind, Verdict>> = {
  startup: "unknown",
  liveness: "success",
  readiness: "failure",
};

export function newProbe(spec: ProbeSpec): ProbeState {
  return { spec, verdict: initial[spec.kind], last: "unknown", run: 0, onHold: false };
}

/** Takes the result of one attempt. */
export function probed(state: ProbeState, succeeded: boolean): ProbeState {
  const { spec } = state;
  const result: Verdict = succeeded ? "success" : "failure";
  const run = result === state.last ? state.run + 1 : 1;
  const threshold = succeeded ? spec.successThreshold : spec.failureThreshold;
  if (run < threshold) return { ...state, last: result, run };
  const restarts = result === "failure" && spec.kind !== "readiness";
  return { spec, verdict: result, last: result, run: restarts ? 0 : run, onHold: restarts };
}

/** What else the kubelet knows of the container when a probe is due. */
export interface Pod {
  readonly hasStarted: boolean;
  /** The pod's deletion was asked for. */
  readonly isDeleted: boolean;
}

/** Whether a due probe is sent. */
export function isSent({ spec, onHold }: ProbeState, { hasStarted, isDeleted }: Pod): boolean {
  if (onHold) return false;
  if (isDeleted && spec.kind !== "readiness") return false;
  return spec.kind === "startup" ? !hasStarted : hasStarted;
}

/** The pod's deletion: its liveness and start-up count as fine from now on; only readiness goes on. */
export function deleted(state: ProbeState): ProbeState {
  return state.spec.kind === "readiness" ? state : { ...state, verdict: "success" };
}
