import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { ServeError } from "../../src/base/errors.ts";
import type { CallContext, Handler } from "../../src/calls/call.ts";
import {
  call,
  deferred,
  detailsOf,
  type KindHandlers,
  kinds,
  kindsClient,
  startKinds,
} from "./support.ts";

const all = Object.keys(kinds) as (keyof typeof kinds)[];

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

async function open(handlers: Partial<KindHandlers>, options = {}) {
  const running = await startKinds(handlers, options);
  const client = kindsClient(running.address);
  closing.push(running.stop, () => client.close());
  return { running, client };
}

/** The same handler for one kind, whatever that is. */
function handling(
  kind: keyof typeof kinds,
  handler: (context: CallContext) => AsyncIterable<string>,
): Partial<KindHandlers> {
  const typed: Handler<unknown, string> = (_, context) => handler(context);
  return { [kind]: typed };
}

describe.each(all)("a %s call", (kind) => {
  it("answers what its handler gives", async () => {
    const { client } = await open({});
    const { responses, error } = await call(client, kind, ["héllo"]);
    expect(error).toBeUndefined();
    expect(responses).toEqual(["héllo"]);
  });

  const failures: [string, () => AsyncIterable<string>][] = [
    [
      "throws before it begins",
      () => {
        throw new ServeError("QUEUE_FULL", "full", { retryAfterMs: 1500, facts: { jobs: "9" } });
      },
    ],
    [
      "throws after an await",
      async function* () {
        await Promise.resolve();
        throw new ServeError("QUEUE_FULL", "full", { retryAfterMs: 1500, facts: { jobs: "9" } });
      },
    ],
  ];
  it.each(failures)("ends with the error of a handler that %s", async (_, handler) => {
    const { client } = await open(handling(kind, handler));
    const { error } = await call(client, kind, ["x"]);
    expect(error?.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(error?.details).toBe("full");
    expect(error?.metadata.get("grpc-retry-pushback-ms")).toEqual(["1500"]);
    expect(detailsOf(error)).toMatchObject({
      reason: "QUEUE_FULL",
      domain: "inferd.dev",
      facts: { jobs: "9" },
      retryMs: 1500,
    });
  });

  it("CVE-2025-23320 (Triton, names in errors): tells nothing of an unforeseen error", async () => {
    const { client } = await open(
      handling(kind, () => {
        throw new Error("the prompt was secret");
      }),
    );
    const { error } = await call(client, kind, ["x"]);
    expect(error?.code).toBe(status.INTERNAL);
    expect(detailsOf(error)?.reason).toBe("INTERNAL");
    expect(JSON.stringify(error)).not.toContain("secret");
  });

  it("refuses bytes that are no such message", async () => {
    const { client } = await open({});
    // The client writes "\xff…" as it is through a request that is a Buffer in disguise.
    const wrong = Buffer.from([0xff, 0x01]) as unknown as string;
    const { error } = await call(client, kind, [wrong]);
    expect(error?.code).toBe(status.INVALID_ARGUMENT);
    expect(detailsOf(error)?.reason).toBe("MESSAGE_MALFORMED");
  });

  it("tells its handler when the caller's deadline passes", async () => {
    const ended = deferred<ServeError>();
    const { client } = await open(
      handling(kind, async function* ({ signal }) {
        yield* [];
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        ended.resolve(ServeError.from(signal.reason));
        throw signal.reason;
      }),
    );
    const { error } = await call(client, kind, ["x"], { deadline: Date.now() + 100 });
    expect(error?.code).toBe(status.DEADLINE_EXCEEDED);
    expect((await ended.promise).reason).toMatch(/DEADLINE_PASSED|CALLER_GONE/);
  });

  it("ends when the server's own limit passes, though its handler does not listen", async () => {
    const never = handling(kind, async function* () {
      yield* [];
      await new Promise(() => undefined);
    });
    const { client } = await open(never, { maxCallMs: 50 });
    const { error } = await call(client, kind, ["x"]);
    expect(error?.code).toBe(status.DEADLINE_EXCEEDED);
    expect(detailsOf(error)?.reason).toBe("DEADLINE_PASSED");
  });

  it("does not begin when its deadline has passed on arrival", async () => {
    let begun = 0;
    const { client } = await open(
      handling(kind, async function* () {
        begun += 1;
        await Promise.resolve();
        yield "late";
      }),
      { maxCallMs: 0 },
    );
    const { error } = await call(client, kind, ["x"]);
    expect(error?.code).toBe(status.DEADLINE_EXCEEDED);
    expect(begun).toBe(0);
  });
});

describe("a unary call", () => {
  it("is an error where its handler gives nothing", async () => {
    const { client } = await open({
      unary: async function* () {
        yield* [];
        await Promise.resolve();
      },
    });
    const { error } = await call(client, "unary", ["x"]);
    expect(error?.code).toBe(status.INTERNAL);
  });
});

describe("a stream of requests", () => {
  it("reaches its handler in order, while responses go out", async () => {
    const { client } = await open({});
    const { responses } = await call(client, "bidi", ["a", "b", "c"]);
    expect(responses).toEqual(["a", "b", "c"]);
  });

  it("can be answered before it ends", async () => {
    const { client } = await open({
      clientStream: async function* (requests) {
        for await (const request of requests) {
          yield request;
          return;
        }
      },
      bidi: async function* (requests) {
        for await (const request of requests) {
          yield `only ${request}`;
          return;
        }
      },
    });
    expect((await call(client, "clientStream", ["a", "b"])).responses).toEqual(["a"]);
    expect((await call(client, "bidi", ["a", "b"])).responses).toEqual(["only a"]);
  });
});

describe("a deadline", () => {
  it("is none when it is further away than any timer", async () => {
    const { client } = await open({});
    const day = 86_400_000;
    for (const days of [25, 30, 365]) {
      const { responses, error } = await call(client, "unary", ["x"], {
        deadline: Date.now() + days * day,
      });
      expect({ days, error, responses }).toEqual({ days, error: undefined, responses: ["x"] });
    }
  });
});
