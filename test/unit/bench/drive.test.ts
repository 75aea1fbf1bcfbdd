import { describe, expect, it } from "vitest";
import { arrivals } from "../../../bench/load/arrivals.ts";
import { drive, type DriveOptions } from "../../../bench/load/drive.ts";
import { summarize } from "../../../bench/load/summary.ts";
import { noCounts, type StreamTarget } from "../../../bench/load/target.ts";
import { VirtualClock } from "./virtual-clock.ts";

const request: DriveOptions["request"] = (index) => {
  return { prompt: { kind: "text", text: "once" }, newTokens: 3, seed: index };
};

interface Times {
  readonly firstMs: number;
  readonly stepMs: number;
}

/** Gives the tokens asked for, one a message; ends at once when it is cancelled. */
function steady(clock: VirtualClock, { firstMs, stepMs }: Times): StreamTarget {
  return async ({ newTokens }, { signal, onTokens }) => {
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve());
    });
    for (let token = 0; token < newTokens; token += 1) {
      await Promise.race([clock.wait(token === 0 ? firstMs : stepMs), aborted]);
      if (signal.aborted) return { code: "CANCELLED", ...noCounts };
      onTokens(1);
    }
    return { code: "OK", promptTokens: 5, cachedPromptTokens: 0, completionTokens: newTokens };
  };
}

describe("a closed loop", () => {
  it("keeps as many calls open as it has callers, until all calls are made", async () => {
    const clock = new VirtualClock();
    let open = 0;
    let most = 0;
    const inner = steady(clock, { firstMs: 10, stepMs: 5 });
    const counting: StreamTarget = async (...parameters) => {
      most = Math.max(most, ++open);
      return inner(...parameters).finally(() => (open -= 1));
    };
    const { calls, endMs } = await clock.run(
      drive(counting, {
        load: { kind: "closed", streams: 3 },
        calls: 7,
        durationMs: Infinity,
        request,
        clock,
      }),
    );
    expect(most).toBe(3);
    expect(calls).toHaveLength(7);
    // Three rounds of 10 + 5 + 5 ms.
    expect(endMs).toBe(60);
  });

  it("cuts off what runs when its time is over, and counts tokens only until then", async () => {
    const clock = new VirtualClock();
    const target = steady(clock, { firstMs: 10, stepMs: 10 });
    const run = await clock.run(
      drive(target, {
        load: { kind: "closed", streams: 2 },
        calls: Infinity,
        durationMs: 45,
        request,
        clock,
      }),
    );
    expect(summarize(run)).toMatchObject({
      elapsedMs: 45,
      calls: 4,
      completed: 2,
      cutOff: 2,
      tokens: 8,
      errors: {},
    });
  });
});

describe("an open loop", () => {
  it("counts latency from when calls should have begun, so that a stalled target cannot hide it", async () => {
    const clock = new VirtualClock();
    let free = Promise.resolve();
    // Serves one call at a time, 100 ms each, while one comes every 50 ms.
    const serial: StreamTarget = (_request, { onTokens }) => {
      const served = free.then(async () => {
        await clock.wait(100);
        onTokens(1);
        return { code: "OK", ...noCounts };
      });
      free = served.then(() => undefined);
      return served;
    };
    const run = await clock.run(
      drive(serial, {
        load: { kind: "open", arrivalsMs: arrivals("constant", 20, Math.random) },
        calls: 4,
        durationMs: Infinity,
        request,
        clock,
      }),
    );
    expect(run.calls.map(({ intendedMs }) => intendedMs)).toEqual([50, 100, 150, 200]);
    expect(summarize(run).timeToFirstTokenMs).toMatchObject({ count: 4, p50: 150, max: 250 });
  });

  it("counts its own lateness into the latency", async () => {
    const clock = new VirtualClock();
    const late = { ...bind(clock), until: (atMs: number) => clock.until(atMs + 7) };
    const run = await clock.run(
      drive(steady(clock, { firstMs: 10, stepMs: 1 }), {
        load: { kind: "open", arrivalsMs: [0] },
        calls: 1,
        durationMs: Infinity,
        request,
        clock: late,
      }),
    );
    expect(summarize(run)).toMatchObject({
      lateMs: { max: 7 },
      timeToFirstTokenMs: { max: 17 },
    });
  });

  it("begins no call after its duration, and waits for those that run", async () => {
    const clock = new VirtualClock();
    const run = await clock.run(
      drive(steady(clock, { firstMs: 100, stepMs: 1 }), {
        load: { kind: "open", arrivalsMs: [0, 10, 20, 30] },
        calls: Infinity,
        durationMs: 25,
        request,
        clock,
      }),
    );
    expect(summarize(run)).toMatchObject({ calls: 3, completed: 3, cutOff: 0 });
  });
});

it("cancels each call after so many messages, and reports that as no error", async () => {
  const clock = new VirtualClock();
  const run = await clock.run(
    drive(steady(clock, { firstMs: 10, stepMs: 5 }), {
      load: { kind: "closed", streams: 1 },
      calls: 2,
      durationMs: Infinity,
      request,
      cancelAfter: 2,
      clock,
    }),
  );
  expect(summarize(run)).toMatchObject({ completed: 0, cancelled: 2, tokens: 4, errors: {} });
});

it("counts failures by code, and their latency nowhere", async () => {
  const clock = new VirtualClock();
  const failing: StreamTarget = async ({ seed }) => {
    await clock.wait(1);
    return { code: seed === 0 ? "UNAVAILABLE" : "RESOURCE_EXHAUSTED", ...noCounts };
  };
  const run = await clock.run(
    drive(failing, {
      load: { kind: "closed", streams: 1 },
      calls: 3,
      durationMs: Infinity,
      request,
      clock,
    }),
  );
  expect(summarize(run)).toMatchObject({
    calls: 3,
    completed: 0,
    errors: { UNAVAILABLE: 1, RESOURCE_EXHAUSTED: 2 },
    callMs: undefined,
  });
});

function bind(clock: VirtualClock): DriveOptions["clock"] {
  return {
    now: () => clock.now(),
    until: (atMs) => clock.until(atMs),
    at: (atMs, call) => clock.at(atMs, call),
  };
}
