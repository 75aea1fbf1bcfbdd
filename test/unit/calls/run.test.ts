import { describe, expect, it } from "vitest";
import { openPermit } from "../../../src/auth/authorizer.ts";
import { ServeError } from "../../../src/base/errors.ts";
import { type OpenCall, OpenCalls } from "../../../src/calls/open-calls.ts";
import { only, run, unlessOver } from "../../../src/calls/run.ts";

const leaving = new ServeError("SHUTTING_DOWN", "x");

function begin(calls: OpenCalls, { method = "test.Kinds/Unary", deadline = Infinity } = {}) {
  return calls.begin({
    method,
    requestId: "request-1",
    traceparent: undefined,
    deadline,
    peer: "127.0.0.1:5000",
    caller: openPermit("127.0.0.1"),
  });
}

const reasonOf = ({ context: { signal } }: OpenCall): string =>
  signal.aborted ? (signal.reason as ServeError).reason : "running";

/** Runs work, and notes how often and how its call ended. */
function started<T>(open: OpenCall, work: () => Promise<T>): string[] {
  const ends: string[] = [];
  run(open, work, {
    finish: (value) => ends.push(String(value)),
    fail: ({ reason }) => ends.push(reason),
  });
  return ends;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a call", () => {
  it("ends with what its work gives, and not again", async () => {
    const open = begin(new OpenCalls());
    const ends = started(open, () => Promise.resolve("done"));
    await turn();
    open.context.abort(leaving);
    expect(ends).toEqual(["done"]);
  });

  it("ends at once when it is aborted, though its work goes on and fails later", async () => {
    const open = begin(new OpenCalls());
    const work = Promise.withResolvers<never>();
    const ends = started(open, () => work.promise);
    open.context.abort(leaving);
    await turn();
    expect(ends).toEqual(["SHUTTING_DOWN"]);
    work.reject(new Error("too late"));
    await turn();
    expect(ends).toEqual(["SHUTTING_DOWN"]);
  });

  it("ends with the reason of its abort, whatever its work throws for it", async () => {
    const open = begin(new OpenCalls());
    const ends = started(open, () => {
      open.context.abort(leaving);
      return Promise.reject(new Error("stopped"));
    });
    await turn();
    expect(ends).toEqual(["SHUTTING_DOWN"]);
  });

  it("ends as INTERNAL where its work throws what is no error of a call", async () => {
    const ends = started(begin(new OpenCalls()), () => Promise.reject(new Error("secret")));
    await turn();
    expect(ends).toEqual(["INTERNAL"]);
  });
});

describe("a call that can hear no more", () => {
  it.each([
    { deadline: Infinity, reason: "CALLER_GONE" },
    { deadline: performance.now() - 1, reason: "DEADLINE_PASSED" },
  ])("by $deadline ends with $reason", ({ deadline, reason }) => {
    const open = begin(new OpenCalls(), { deadline });
    open.disconnect();
    expect(reasonOf(open)).toBe(reason);
  });

  it("stays as it is where it had ended", () => {
    const open = begin(new OpenCalls());
    open.settle();
    open.disconnect();
    expect(reasonOf(open)).toBe("running");
  });
});

describe("open calls", () => {
  it("end by method, and all at the close, with those that still begin", () => {
    const calls = new OpenCalls();
    const [watch, unary] = [begin(calls, { method: "grpc.health.v1.Health/Watch" }), begin(calls)];
    calls.abort(leaving, (method) => method.startsWith("grpc."));
    expect([watch, unary].map(reasonOf)).toEqual(["SHUTTING_DOWN", "running"]);
    calls.close(leaving);
    expect([unary, begin(calls)].map(reasonOf)).toEqual(["SHUTTING_DOWN", "SHUTTING_DOWN"]);
  });

  it("run no handler where they were over before they began", () => {
    const calls = new OpenCalls();
    calls.close(leaving);
    const handler = unlessOver(() => {
      throw new Error("ran");
    });
    expect(() => handler("", begin(calls).context)).toThrow(leaving);
  });
});

it.each([0, 2])("an answer of one response is not one of %d", async (count) => {
  // eslint-disable-next-line @typescript-eslint/require-await
  async function* responses() {
    yield* Array<string>(count).fill("x");
  }
  await expect(only(responses())).rejects.toThrow(`gave ${count} responses`);
});
