/** What the metrics and the log say of callers that no method served. */
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { status } from "@grpc/grpc-js";
import { afterEach, expect, it, vi } from "vitest";
import { type CallMetadata, openPermit, type Permit } from "../../src/auth/authorizer.ts";
import { ServeError } from "../../src/base/errors.ts";
import { type LogFields, silentLog } from "../../src/base/log.ts";
import type { ServerOptions } from "../../src/grpc/server.ts";
import { openMeter } from "../../src/telemetry/prometheus.ts";
import { doorkeeperFor } from "../fixtures/access.ts";
import { resting } from "../fixtures/metrics.ts";
import { samplesOf } from "../fixtures/prometheus.ts";
import { ending, frame, rawClient, rawRequest } from "./raw.ts";
import { refusedCalls } from "./rejected-calls.ts";
import { deferred, type KindHandlers, kinds, startKinds } from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

const unary = kinds.unary.path;
const hello = frame(Buffer.from("hello"));

async function open(options: Partial<ServerOptions> = {}, handlers: Partial<KindHandlers> = {}) {
  const meter = openMeter(resting);
  const lines: LogFields[] = [];
  const note = (fields: LogFields, message: string): void => {
    if (message === "rejected") lines.push(fields);
  };
  const log = { ...silentLog, warn: note };
  const { address, stop } = await startKinds(handlers, { meter, log, ...options });
  closing.push(stop);
  const samples = async () => samplesOf(await meter.text());
  const rejections = async () =>
    (await samples())
      .of("inferd_rejected_total")
      .map(({ labels, value }) => [labels["reason"], value]);
  const calls = async () => (await samples()).of("inferd_calls_total");
  const client = () => {
    const session = rawClient(address);
    closing.push(() => session.destroy());
    return session;
  };
  return { address, lines, rejections, calls, client, stop };
}

it.each(refusedCalls)("a call $what is counted, and told of", async (refused) => {
  const { reason, code, body, headers } = refused;
  const { client, lines, rejections, calls } = await open();
  const stream = rawRequest(client(), unary, headers);
  stream.end(body);
  await ending(stream);
  expect(await rejections()).toEqual([[reason, 1]]);
  const method = reason === "METHOD_UNKNOWN" ? "unknown" : unary.slice(1);
  const labels = { method, model: "", code: status[code], reason };
  expect(await calls()).toEqual([{ labels, value: 1 }]);
  expect(lines).toMatchObject([{ reason, count: 1, host: "127.0.0.1" }]);
});

it("a call that never sends its message is counted as one whose deadline has passed", async () => {
  const { client, rejections } = await open({ maxCallMs: 50 });
  await ending(rawRequest(client(), unary));
  expect(await rejections()).toEqual([["DEADLINE_PASSED", 1]]);
});

it("a call whose handler has begun is counted as a call alone", async () => {
  const unaryHandler: KindHandlers["unary"] = async function* (_, { signal }) {
    await new Promise((_, reject) => signal.addEventListener("abort", reject));
  };
  const { client, rejections, calls } = await open({ maxCallMs: 50 }, { unary: unaryHandler });
  const session = client();
  const ends = [frame(Buffer.from([0xff])), hello].map((body) => {
    const stream = rawRequest(session, unary);
    stream.end(body);
    return ending(stream);
  });
  await Promise.all([...ends, ending(rawRequest(session, kinds.bidi.path))]);
  expect(await rejections()).toEqual([]);
  const reasons = (await calls()).map(({ labels }) => [labels["method"], labels["reason"]]);
  expect(reasons.toSorted()).toEqual([
    ["test.Kinds/Bidi", "DEADLINE_PASSED"],
    ["test.Kinds/Unary", "DEADLINE_PASSED"],
    ["test.Kinds/Unary", "MESSAGE_MALFORMED"],
  ]);
});

it("a call without a credential is counted, and leaves its audit line alone", async () => {
  const { client, lines, rejections } = await open({ authorizer: doorkeeperFor({}) });
  const stream = rawRequest(client(), unary);
  stream.end(hello);
  await ending(stream);
  expect(await rejections()).toEqual([["NO_CREDENTIAL", 1]]);
  expect(lines).toEqual([]);
});

it("a call that was refused is counted once, though its request goes on", async () => {
  const { client, lines, rejections, calls } = await open({
    authorizer: doorkeeperFor({}),
    maxUploadMs: 100,
  });
  const stream = rawRequest(client(), unary);
  const closed = once(stream, "close");
  stream.resume().write(hello.subarray(0, 7));
  await closed;
  expect(stream.rstCode).toBe(0);
  expect(await rejections()).toEqual([["NO_CREDENTIAL", 1]]);
  expect((await calls()).map(({ labels, value }) => [labels["reason"], value])).toEqual([
    ["NO_CREDENTIAL", 1],
  ]);
  expect(lines).toEqual([]);
});

it("a call that the gate refuses while its caller is asked about is counted for that alone", async () => {
  const asked = deferred();
  const answer = deferred();
  const admit = async (): Promise<Permit> => {
    asked.resolve();
    await answer.promise;
    throw new ServeError("NO_CREDENTIAL", "too late");
  };
  const { client, rejections, calls } = await open({ authorizer: { admit }, maxUploadMs: 50 });
  const stream = rawRequest(client(), unary);
  stream.write(hello.subarray(0, 7));
  await asked.promise;
  expect((await ending(stream)).details?.reason).toBe("SLOW_SENDER");
  answer.resolve();
  // One turn of the loop: the answer is heard in it.
  await new Promise((resolve) => setImmediate(resolve));
  expect(await rejections()).toEqual([["SLOW_SENDER", 1]]);
  expect(await calls()).toHaveLength(1);
});

it("what no line has told of is told when the server ends", async () => {
  const { client, lines, stop } = await open();
  const session = client();
  for (let call = 0; call < 3; call += 1) {
    const stream = rawRequest(session, unary, { ":path": "/test.Kinds/No" });
    stream.end(hello);
    await ending(stream);
  }
  session.destroy();
  await stop();
  expect(lines.map(({ count }) => count)).toEqual([1, 2]);
});

it("a connection too many is counted", async () => {
  const { address, client, rejections } = await open({ maxConnections: 1 });
  await once(client(), "remoteSettings");
  const second = connectTcp(Number(address.split(":")[1]), "127.0.0.1");
  second.on("error", () => undefined).resume();
  await once(second, "close");
  expect(await rejections()).toEqual([["TOO_MANY_CONNECTIONS", 1]]);
});

it("a flood is counted whole, and makes a line a reason", async () => {
  const { client, lines, rejections } = await open({
    maxCallsPerSecond: 1,
    maxResetBurst: 500,
    maxResetsPerSecond: 1,
  });
  const session = client();
  const goaway = once(session, "goaway");
  for (let call = 0; call < 1000; call += 1) rawRequest(session, unary).end(hello);
  await goaway;
  const counts = Object.fromEntries(await rejections()) as Record<string, number>;
  expect(counts["TOO_MANY_CALLS"]).toBeGreaterThanOrEqual(500);
  expect(counts["TOO_MANY_RESETS"]).toBe(1);
  expect(lines.map(({ reason }) => reason)).toEqual(["TOO_MANY_CALLS", "TOO_MANY_RESETS"]);
});

it("a stream whose deadline passes while its caller is asked about is counted as refused", async () => {
  const asked = deferred();
  const admit = async (): Promise<Permit> => {
    asked.resolve();
    return new Promise(() => undefined);
  };
  const { client, rejections, calls } = await open({ authorizer: { admit }, maxCallMs: 50 });
  const end = ending(rawRequest(client(), kinds.bidi.path));
  await asked.promise;
  expect((await end).details?.reason).toBe("DEADLINE_PASSED");
  expect(await rejections()).toEqual([["DEADLINE_PASSED", 1]]);
  expect((await calls()).map(({ labels }) => labels["method"])).toEqual(["test.Kinds/Bidi"]);
});

const half = frame(Buffer.from("half"), { length: 8 });

it.each([
  { what: "a message too large", reason: "MESSAGE_TOO_LARGE", body: frame(Buffer.alloc(5000)) },
  { what: "a message that does not arrive", reason: "SLOW_SENDER", body: half },
  {
    what: "a message too large after responses",
    reason: "MESSAGE_TOO_LARGE",
    body: Buffer.concat([hello, frame(Buffer.alloc(5000))]),
  },
  {
    what: "a message that does not arrive after responses",
    reason: "SLOW_SENDER",
    body: Buffer.concat([hello, half]),
  },
])("a stream of requests that ends for $what is told of once", async ({ reason, body }) => {
  const told: LogFields[] = [];
  const write = (fields: LogFields, message: string): void => {
    told.push({ message, reason: fields["reason"] });
  };
  const log = { ...silentLog, info: write, warn: write, error: write };
  const { client, rejections, calls } = await open({ maxUploadMs: 100, log });
  const session = client();
  const paths = [kinds.bidi.path, kinds.clientStream.path];
  const ends = paths.map((path) => {
    const stream = rawRequest(session, path);
    stream.write(body);
    return ending(stream);
  });
  expect((await Promise.all(ends)).map(({ details }) => details?.reason)).toEqual([reason, reason]);
  await vi.waitFor(async () => expect(await calls()).toHaveLength(2), { timeout: 10_000 });
  const counted = (await calls()).map(({ labels, value }) => [
    labels["method"],
    labels["reason"],
    value,
  ]);
  expect(counted.toSorted()).toEqual([
    ["test.Kinds/Bidi", reason, 1],
    ["test.Kinds/ClientStream", reason, 1],
  ]);
  expect(await rejections()).toEqual([]);
  expect(told).toEqual([
    { message: "call", reason },
    { message: "call", reason },
  ]);
});

/** A running stream, and a way to the end of the grace, at which the server ends it. */
async function openRunning(options: Partial<ServerOptions>) {
  const begun = deferred();
  const bidi: KindHandlers["bidi"] = async function* (requests) {
    begun.resolve();
    yield* requests;
  };
  const server = await open(options, { bidi });
  const session = server.client();
  const graceOver = async () => {
    const running = ending(rawRequest(session, kinds.bidi.path));
    await begun.promise;
    const stopped = server.stop();
    expect((await running).details?.reason).toBe("SHUTTING_DOWN");
    return { stopped };
  };
  const counted = async () =>
    (await server.calls())
      .map(({ labels, value }) => [labels["method"], labels["code"], labels["reason"], value])
      .toSorted();
  return { ...server, session, graceOver, counted };
}

it("a call whose request is not whole at the end of a drain's grace is told why, and told of once", async () => {
  const told: LogFields[] = [];
  const warn = ({ method, reason }: LogFields): void => void told.push({ method, reason });
  const { session, graceOver, counted } = await openRunning({ log: { ...silentLog, warn } });
  const late = rawRequest(session, unary);
  late.write(half);
  const { stopped } = await graceOver();
  const { details } = await ending(late);
  expect(details).toMatchObject({ reason: "SHUTTING_DOWN", retryMs: 1000 });
  await stopped;
  const reason = "SHUTTING_DOWN";
  const methods = ["test.Kinds/Bidi", "test.Kinds/Unary"];
  expect(await counted()).toEqual(methods.map((method) => [method, "UNAVAILABLE", reason, 1]));
  // Of calls that never began, one line tells a reason and a number.
  expect(told).toHaveLength(2);
  expect(told).toContainEqual({ method: methods[0], reason });
  expect(told).toContainEqual({ method: undefined, reason });
});

it("a stream whose caller is let in only after the grace of a drain is told of once", async () => {
  const answer = deferred();
  const admit = async ({ method, host }: CallMetadata): Promise<Permit> => {
    if (method === kinds.clientStream.path.slice(1)) await answer.promise;
    return openPermit(host);
  };
  const { session, graceOver, counted } = await openRunning({ authorizer: { admit } });
  const late = ending(rawRequest(session, kinds.clientStream.path));
  const { stopped } = await graceOver();
  answer.resolve();
  expect((await late).details?.reason).toBe("SHUTTING_DOWN");
  await stopped;
  expect(await counted()).toEqual([
    ["test.Kinds/Bidi", "UNAVAILABLE", "SHUTTING_DOWN", 1],
    ["test.Kinds/ClientStream", "UNAVAILABLE", "SHUTTING_DOWN", 1],
  ]);
});
