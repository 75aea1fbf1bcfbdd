import { openPermit } from "../../../src/auth/authorizer.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import type { Log, LogFields } from "../../../src/base/log.ts";
import { silentMeter } from "../../../src/base/meter.ts";
import type { CallContext } from "../../../src/calls/call.ts";
import { deadline } from "../../../src/calls/deadline.ts";
import { intercept, type Interceptor } from "../../../src/calls/intercept.ts";
import { observation } from "../../../src/calls/observation.ts";

function contextOf(parts: Partial<CallContext> = {}): CallContext {
  const controller = new AbortController();
  return {
    method: "test.Kinds/Unary",
    requestId: "request-1",
    traceparent: undefined,
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    deadline: Infinity,
    arrivedAt: 1000,
    peer: "127.0.0.1:1",
    caller: openPermit("127.0.0.1"),
    record: {},
    ...parts,
  };
}

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const item of items) expect(item).toBeDefined();
}

async function* two(): AsyncGenerator<string> {
  await Promise.resolve();
  yield "one";
  yield "two";
}

describe("deadline", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.setSystemTime(0);
    vi.advanceTimersByTime(50_000 - performance.now());
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const capped: [string, number, number, number][] = [
    ["the server's limit where the caller has none", Infinity, 100, 50_100],
    ["the server's limit where the caller's is later", 60_000, 100, 50_100],
    ["the caller's where it is sooner", 50_050, 100, 50_050],
    ["the caller's where the server has none", 50_050, Infinity, 50_050],
  ];
  it.each(capped)("is %s", async (_, callers, maxMs, at) => {
    let seen = 0;
    const context = contextOf({ deadline: callers });
    const handler = intercept(
      async function* (_request: string, inner) {
        seen = inner.deadline;
        vi.advanceTimersByTime(at - 50_001);
        expect(inner.signal.aborted).toBe(false);
        vi.advanceTimersByTime(1);
        expect(ServeError.from(inner.signal.reason).reason).toBe("DEADLINE_PASSED");
        yield* two();
      },
      [deadline(maxMs)],
    );
    await drain(handler("x", context));
    expect(seen).toBe(at);
  });

  it("leaves no timer behind, whether the handler ends well or not", async () => {
    const bounded = intercept(two, [deadline(100)]);
    await drain(bounded("x", contextOf()));
    const failing = intercept(() => {
      throw new ServeError("MODEL_FAILED", "no");
    }, [deadline(100)]);
    await expect(drain(failing("x", contextOf()))).rejects.toThrow("no");
    for await (const item of bounded("x", contextOf())) if (item === "one") break;
    expect(vi.getTimerCount()).toBe(0);
  });

  it("has no timer where none can be that long", async () => {
    const handler = intercept(
      async function* () {
        expect(vi.getTimerCount()).toBe(0);
        yield* two();
      },
      [deadline(Infinity)],
    );
    await drain(handler("x", contextOf({ deadline: 50_000 + 2 ** 31 })));
    await drain(handler("x", contextOf()));
  });
});

describe("observation", () => {
  interface QueueOrder {
    readonly level: string;
    readonly fields: LogFields;
  }

  function recorder(): { readonly log: Log; readonly lines: QueueOrder[] } {
    const lines: QueueOrder[] = [];
    const at = (level: string) => (fields: LogFields) => void lines.push({ level, fields });
    const log: Log = {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      child: () => log,
    };
    return { log, lines };
  }

  const options = { meter: silentMeter, quiet: false, now: () => 1012.345 };

  it("writes one line with what the handler learnt", async () => {
    const { log, lines } = recorder();
    const handler = intercept(
      async function* (_request: string, { record }) {
        record.model = "story";
        record.inputs = 2;
        yield* two();
      },
      [observation(log, options)],
    );
    await drain(handler("a secret prompt", contextOf()));
    expect(lines).toEqual([
      {
        level: "info",
        fields: {
          method: "test.Kinds/Unary",
          requestId: "request-1",
          code: "OK",
          model: "story",
          inputs: 2,
          durationMs: 12.3,
        },
      },
    ]);
  });

  it("writes probes at debug while they go well", async () => {
    const { log, lines } = recorder();
    const quiet = [observation(log, { ...options, quiet: true })];
    await drain(intercept(two, quiet)("x", contextOf()));
    const failing = intercept(() => {
      throw new ServeError("MODEL_NOT_READY", "it loads");
    }, quiet);
    await expect(drain(failing("x", contextOf()))).rejects.toThrow();
    expect(lines.map(({ level }) => level)).toEqual(["debug", "warn"]);
  });

  it.each(["CALLER_GONE", "SHUTTING_DOWN"] as const)(
    "writes a watch that ends by %s at debug, and a call at more",
    async (reason) => {
      const { log, lines } = recorder();
      for (const quiet of [true, false]) {
        const ending = intercept(() => {
          throw new ServeError(reason, "it ended");
        }, [observation(log, { ...options, quiet })]);
        await expect(drain(ending("x", contextOf()))).rejects.toThrow();
      }
      expect(lines.map(({ level }) => level === "debug")).toEqual([true, false]);
    },
  );

  const failures: [unknown, string, LogFields][] = [
    [
      new ServeError("FIELD_INVALID", "x"),
      "info",
      { code: "INVALID_ARGUMENT", reason: "FIELD_INVALID" },
    ],
    [
      new ServeError("WORKER_EXITED", "x"),
      "warn",
      { code: "UNAVAILABLE", reason: "WORKER_EXITED" },
    ],
    [
      new TypeError("oh"),
      "error",
      { code: "INTERNAL", reason: "INTERNAL", error: new TypeError("oh") },
    ],
  ];
  it.each(failures)("writes %s at its level", async (thrown, level, fields) => {
    const { log, lines } = recorder();
    const handler = intercept(() => {
      throw thrown;
    }, [observation(log, options)]);
    await expect(drain(handler("x", contextOf()))).rejects.toBeInstanceOf(ServeError);
    expect(lines).toMatchObject([{ level, fields }]);
  });

  it("says what the caller saw where the call was ended from outside", async () => {
    const { log, lines } = recorder();
    const context = contextOf();
    const handler = intercept(two, [observation(log, options)]);
    for await (const item of handler("x", context)) {
      if (item === "one") context.abort(new ServeError("DEADLINE_PASSED", "late"));
      break;
    }
    for await (const item of handler("x", contextOf())) {
      expect(item).toBe("one");
      break;
    }
    expect(lines.map(({ fields }) => fields["reason"])).toEqual(["DEADLINE_PASSED", "CALLER_GONE"]);
  });
});

describe("interceptors", () => {
  const named =
    (name: string, seen: string[]): Interceptor =>
    (context) => {
      seen.push(`${name} begins`);
      return { context, ended: (error) => seen.push(`${name} ends ${error?.reason ?? "well"}`) };
    };

  it("begin in order and end in the other, once, however the handler ends", async () => {
    const seen: string[] = [];
    const wrapped = [named("outer", seen), named("inner", seen)];
    const well = ["outer begins", "inner begins", "inner ends well", "outer ends well"];
    const responses = intercept(two, wrapped)("x", contextOf());
    await drain(responses);
    await responses[Symbol.asyncIterator]().return?.();
    expect(seen.splice(0)).toEqual(well);
    const failing = intercept(() => {
      throw new ServeError("MODEL_FAILED", "no");
    }, wrapped);
    await expect(drain(failing("x", contextOf()))).rejects.toThrow("no");
    expect(seen.splice(0).slice(2)).toEqual(["inner ends MODEL_FAILED", "outer ends MODEL_FAILED"]);
    for await (const item of intercept(two, wrapped)("x", contextOf())) if (item === "one") break;
    expect(seen.slice(2)).toEqual(["inner ends CALLER_GONE", "outer ends CALLER_GONE"]);
  });

  it("end after what the handler does when its responses are left", async () => {
    const seen: string[] = [];
    const handler = intercept(
      async function* () {
        try {
          yield* two();
        } finally {
          seen.push("cleaned up");
        }
      },
      [named("outer", seen)],
    );
    for await (const item of handler("x", contextOf())) if (item === "one") break;
    expect(seen).toEqual(["outer begins", "cleaned up", "outer ends CALLER_GONE"]);
  });

  it("that refuse a call keep it from the handler, and end those that had begun", async () => {
    const seen: string[] = [];
    const refusing: Interceptor = () => {
      throw new ServeError("DEADLINE_PASSED", "late");
    };
    let isHandled = false;
    const handler = intercept(() => {
      isHandled = true;
      return two();
    }, [named("outer", seen), refusing]);
    await expect(drain(handler("x", contextOf()))).rejects.toThrow("late");
    expect([isHandled, seen]).toEqual([false, ["outer begins", "outer ends DEADLINE_PASSED"]]);
  });

  it("see nothing of a call whose responses are not asked for", async () => {
    const seen: string[] = [];
    await intercept(two, [named("outer", seen)])("x", contextOf())
      [Symbol.asyncIterator]()
      .return?.();
    expect(seen).toEqual([]);
  });
});
