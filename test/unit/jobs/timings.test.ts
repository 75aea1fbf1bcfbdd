import { describe, expect, it } from "vitest";
import { fromArrival } from "../../../src/jobs/timings.ts";
import type { WorkerEvent } from "../../../src/workers/messages.ts";

describe("timings from the arrival", () => {
  const timings = {
    queueMs: 5,
    prefillMs: 10,
    firstTokenMs: 15,
    decodeMs: 80,
    totalMs: 100,
    meanBatchSize: 2,
  };
  const result = {
    kind: "finish",
    reason: "stop",
    stopSequence: "",
    usage: { promptTokens: 1, cachedPromptTokens: 0, completionTokens: 1 },
    timings,
  } as const;

  function timingsOf(event: WorkerEvent, computed: number | undefined) {
    const told = fromArrival(event, { arrived: 1000, computed });
    return told.kind === "finish" ? told.timings : undefined;
  }

  it("count what the engine did not see as queue", () => {
    expect(timingsOf(result, 1130)).toEqual({
      ...timings,
      queueMs: 35,
      firstTokenMs: 45,
      totalMs: 130,
    });
  });

  it("have no first token where there was none", () => {
    const embedding = { ...result, timings: { ...timings, firstTokenMs: 0 } };
    expect(timingsOf(embedding, 1130)?.firstTokenMs).toBe(0);
  });

  it("never shrink: two clocks need not agree to the microsecond", () => {
    expect(timingsOf(result, 1099)).toEqual(timings);
  });

  it("are a result's alone: other events stay as they are", () => {
    const piece: WorkerEvent = { kind: "piece", text: "a" };
    expect(fromArrival(piece, { arrived: 1000, computed: 1130 })).toBe(piece);
  });
});
