/** The stand-in for the kubelet is itself held to what the kubelet does. */
import { describe, expect, it } from "vitest";
import {
  deleted,
  isSent,
  type Kind,
  newProbe,
  probed,
  type ProbeState,
} from "../kubelet/worker.ts";

const probeOf = (kind: Kind, failureThreshold = 3, successThreshold = 1): ProbeState =>
  newProbe({ kind, failureThreshold, successThreshold });
const after = (state: ProbeState, results: string): ProbeState =>
  Array.from(results).reduce((now, result) => probed(now, result === "+"), state);

describe("a kubelet's probe", () => {
  it("begins unready, alive, and not known to have started", () => {
    const kinds: Kind[] = ["readiness", "liveness", "startup"];
    expect(kinds.map((kind) => probeOf(kind).verdict)).toEqual(["failure", "success", "unknown"]);
  });

  it.each([
    ["readiness", "+", "success"],
    ["readiness", "+--", "success"],
    ["readiness", "+--+--", "success"],
    ["readiness", "+---", "failure"],
    ["liveness", "--", "success"],
    ["liveness", "---", "failure"],
    ["startup", "--+", "success"],
  ] as const)("of %s says after %s: %s", (kind, results, verdict) => {
    expect(after(probeOf(kind), results).verdict).toBe(verdict);
  });

  it("takes as many successes as its threshold says", () => {
    expect(after(probeOf("readiness", 3, 2), "+").verdict).toBe("failure");
    expect(after(probeOf("readiness", 3, 2), "++").verdict).toBe("success");
  });

  it("holds still once it has asked for a restart", () => {
    const pod = { hasStarted: true, isDeleted: false };
    expect(isSent(after(probeOf("liveness"), "---"), pod)).toBe(false);
    expect(isSent(after(probeOf("readiness"), "---"), pod)).toBe(true);
  });

  it("of start-up comes alone, until it has succeeded", () => {
    const starting = { hasStarted: false, isDeleted: false };
    const kinds: Kind[] = ["startup", "liveness", "readiness"];
    expect(kinds.map((kind) => isSent(probeOf(kind), starting))).toEqual([true, false, false]);
    const started = { hasStarted: true, isDeleted: false };
    expect(kinds.map((kind) => isSent(probeOf(kind), started))).toEqual([false, true, true]);
  });

  it("goes on after a deletion for readiness only; the others count as fine", () => {
    const pod = { hasStarted: true, isDeleted: true };
    const failed = deleted(after(probeOf("liveness"), "--"));
    expect([failed.verdict, isSent(failed, pod)]).toEqual(["success", false]);
    const ready = deleted(after(probeOf("readiness"), "+"));
    expect([ready.verdict, isSent(ready, pod)]).toEqual(["success", true]);
  });
});
