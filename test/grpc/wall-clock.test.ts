/** Calls and quotas while the machine's clock is set. */
import { Metadata, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openPermit } from "../../src/auth/authorizer.ts";
import { ServeError } from "../../src/base/errors.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import { doorkeeperFor, keyMeans, makeKey } from "../fixtures/access.ts";
import { ending, frame, rawClient, rawRequest } from "./raw.ts";
import { call, deferred, kinds, kindsClient, startKinds } from "./support.ts";

const hourMs = 3_600_000;
const jumps = [
  ["an hour ahead", hourMs],
  ["an hour back", -hourMs],
] as const;

let closing: (() => Promise<void> | void)[] = [];

// The clock that people set; timers and `performance.now()` go on as they are.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));

afterEach(async () => {
  vi.useRealTimers();
  for (const close of closing.reverse()) await close();
  closing = [];
});

describe.each(jumps)("a clock that is set %s", (_, jumpMs) => {
  const jump = (): void => void vi.setSystemTime(Date.now() + jumpMs);

  it("ends no call before its deadline, and moves none", async () => {
    const seen = deferred<{ readonly signal: AbortSignal; readonly deadline: number }>();
    const goOn = deferred();
    const running = await startKinds({
      serverStream: async function* (text, context) {
        yield text;
        seen.resolve(context);
        await goOn.promise;
        yield String(context.signal.aborted);
      },
    });
    const client = kindsClient(running.address);
    closing.push(running.stop, () => client.close());
    const beganAt = performance.now();
    const answer = call(client, "serverStream", ["x"], { deadline: Date.now() + 60_000 });
    const { deadline } = await seen.promise;
    jump();
    expect(deadline - beganAt).toBeGreaterThan(50_000);
    expect(deadline - beganAt).toBeLessThan(61_000);
    goOn.resolve();
    expect(await answer).toMatchObject({ responses: ["x", "false"], error: undefined });
  });

  it("moves no deadline of a request that is still on its way", async () => {
    const known = deferred();
    const seen = deferred<number>();
    const running = await startKinds(
      {
        unary: async function* (text, { deadline }) {
          seen.resolve(deadline);
          yield await Promise.resolve(text);
        },
      },
      {
        authorizer: {
          admit: ({ host }) => {
            known.resolve();
            return Promise.resolve(openPermit(host));
          },
        },
      },
    );
    const session = rawClient(running.address);
    closing.push(running.stop, () => session.destroy());
    const beganAt = performance.now();
    const stream = rawRequest(session, kinds.unary.path, { "grpc-timeout": "60S" });
    const body = frame(Buffer.from("x"));
    stream.write(body.subarray(0, 3));
    await known.promise;
    jump();
    stream.end(body.subarray(3));
    expect((await ending(stream)).code).toBe(status.OK);
    const waitMs = (await seen.promise) - beganAt;
    expect(waitMs).toBeGreaterThan(59_000);
    expect(waitMs).toBeLessThan(70_000);
  });

  it("does not make a caller who leaves look like one whose time was up", async () => {
    const begun = deferred();
    const ended = deferred<ServeError>();
    const running = await startKinds({
      serverStream: async function* (text, { signal }) {
        yield text;
        begun.resolve();
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        ended.resolve(ServeError.from(signal.reason));
      },
    });
    const client = kindsClient(running.address);
    closing.push(running.stop, () => client.close());
    const { path, requestSerialize: write, responseDeserialize: read } = kinds.serverStream;
    const options = { deadline: Date.now() + 60_000 };
    const stream = client.makeServerStreamRequest(path, write, read, "x", new Metadata(), options);
    stream.on("error", () => undefined);
    await begun.promise;
    jump();
    stream.cancel();
    expect((await ended.promise).reason).toBe("CALLER_GONE");
  });

  it("gives no caller more of a quota, and takes nothing from it", async () => {
    const clock = new FakeClock();
    let wall = 10 * hourMs;
    const { record, text } = makeKey({ quota: { requestsPerMinute: 2, tokensPerDay: 100 } });
    const authorizer = doorkeeperFor({ sources: keyMeans([record]), clock, wallMs: () => wall });
    const method = "inferd.v1.GenerationService/Generate";
    const admit = () => authorizer.admit({ method, host: "127.0.0.1", apiKey: text });
    const refused = { reason: "QUOTA_EXCEEDED", retryAfterMs: 30_000 };

    const permit = await admit();
    permit.reserve(100);
    (await admit()).end();
    wall += jumpMs;
    await expect(admit()).rejects.toMatchObject(refused);
    expect(() => permit.reserve(1)).toThrow(expect.objectContaining({ reason: "QUOTA_EXCEEDED" }));
    clock.advance(30_000);
    (await admit()).end();
    await expect(admit()).rejects.toMatchObject(refused);
  });
});

it("a key expires by the clock that people see", async () => {
  let wall = 10 * hourMs;
  const { record, text } = makeKey({ expiresAtMs: 10.5 * hourMs });
  const authorizer = doorkeeperFor({ sources: keyMeans([record]), wallMs: () => wall });
  const arrival = { method: "inferd.v1.GenerationService/Generate", host: "::1", apiKey: text };
  await authorizer.admit(arrival);
  wall += hourMs;
  await expect(authorizer.admit(arrival)).rejects.toMatchObject({ reason: "CREDENTIAL_INVALID" });
});
