import { once } from "node:events";
import { type ClientHttp2Session, connect, constants } from "node:http2";
import { connect as connectTcp } from "node:net";
import { gzipSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ServeError } from "../../src/base/errors.ts";
import type { ServerOptions } from "../../src/grpc/server.ts";
import { doorkeeperFor, keyMeans, makeKey } from "../fixtures/access.ts";
import { heapBytes } from "../fixtures/memory.ts";
import {
  callHeaders,
  flags,
  http2Frame,
  number32,
  openWire,
  pong,
  types,
  type Wire,
} from "./frames.ts";
import { ending, frame, rawClient, rawRequest } from "./raw.ts";
import { refusedCalls } from "./rejected-calls.ts";
import { deferred, type KindHandlers, kinds, startKinds } from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

async function open(options: Partial<ServerOptions> = {}, handlers: Partial<KindHandlers> = {}) {
  const running = await startKinds(handlers, options);
  closing.push(running.stop);
  return running;
}

function client(address: string) {
  const session = rawClient(address);
  closing.push(() => session.destroy());
  return session;
}

/** Whether a call from this address of ours goes well. */
async function isServed(address: string, localAddress: string): Promise<boolean> {
  const port = Number(address.split(":")[1]);
  const socket = connectTcp({ host: "127.0.0.1", port, localAddress });
  const session = connect(`http://${address}`, { createConnection: () => socket });
  session.on("error", () => undefined);
  const stream = rawRequest(session, unary);
  stream.end(hello);
  const { code } = await ending(stream);
  session.destroy();
  return code === status.OK;
}

const unary = kinds.unary.path;
const hello = frame(Buffer.from("hello"));
const innocent = frame(Buffer.from("innocent"));

const waiting = { timeout: 10_000 };

describe("a call that no handler sees", () => {
  it.each(refusedCalls)("$what is refused as $reason", async ({ reason, code, body, headers }) => {
    const { address } = await open();
    const stream = rawRequest(client(address), unary, headers);
    stream.end(body);
    const end = await ending(stream);
    expect([end.code, end.details?.reason]).toEqual([code, reason]);
  });

  it("that never sends its message ends with the server's limit on time", async () => {
    const { address } = await open({ maxCallMs: 50 });
    const end = await ending(rawRequest(client(address), unary));
    expect(end.details?.reason).toBe("DEADLINE_PASSED");
  });
});

describe("a stream of requests", () => {
  const large = Buffer.alloc(5000, "x");
  const cases = [
    { what: "large", body: frame(large) },
    { what: "large once it is unpacked", body: frame(gzipSync(large), { flag: 1 }) },
  ];

  it.each(cases)("takes no message that is $what, since some wait decoded", async ({ body }) => {
    const { address } = await open();
    const headers = { "grpc-encoding": "gzip" };
    const [streaming, whole] = [kinds.bidi, kinds.unary].map(({ path }) => {
      const stream = rawRequest(client(address), path, headers);
      stream.end(body);
      return ending(stream);
    });
    const end = await streaming;
    expect([end?.code, end?.details?.reason]).toEqual([
      status.RESOURCE_EXHAUSTED,
      "MESSAGE_TOO_LARGE",
    ]);
    expect((await whole)?.code).toBe(status.OK);
  });
});

describe("a connection", () => {
  it("that begins too many calls has those refused, and says when to try again", async () => {
    const { address } = await open({ maxCallsPerSecond: 5 });
    const session = client(address);
    const ends = await Promise.all(
      Array.from({ length: 20 }, () => {
        const stream = rawRequest(session, unary);
        stream.end(hello);
        return ending(stream);
      }),
    );
    const refused = ends.filter(({ code }) => code !== status.OK);
    expect(refused.length).toBeGreaterThan(0);
    expect(ends.length - refused.length).toBeGreaterThanOrEqual(5);
    for (const { code, details } of refused) {
      expect([code, details?.reason]).toEqual([status.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS"]);
      expect(details?.retryMs).toBeGreaterThan(0);
    }
    expect(session.closed).toBe(false);
  });

  it("that does not heed refusals is closed with ENHANCE_YOUR_CALM, and no other", async () => {
    const { address } = await open({
      maxCallsPerSecond: 5,
      maxResetBurst: 30,
      maxResetsPerSecond: 1,
    });
    const [rude, polite] = [client(address), client(address)];
    const goaway = once(rude, "goaway");
    for (let call = 0; call < 60; call += 1) rawRequest(rude, unary).end(hello);
    expect((await goaway)[0]).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    const stream = rawRequest(polite, unary);
    stream.end(hello);
    expect((await ending(stream)).code).toBe(status.OK);
  });

  const readOnly = makeKey({ scopes: ["models.read"] });
  const authorizer = doorkeeperFor({ sources: keyMeans([readOnly.record]) });
  const refusals = [
    { reason: "NO_CREDENTIAL", headers: {} },
    { reason: "CREDENTIAL_INVALID", headers: { "x-api-key": "guessed" } },
    { reason: "NOT_ALLOWED", headers: { "x-api-key": readOnly.text } },
  ];

  it.each(refusals)("that goes on with $reason is closed too", async ({ reason, headers }) => {
    const { address } = await open({ authorizer, maxResetBurst: 30, maxResetsPerSecond: 1 });
    const session = client(address);
    const goaway = once(session, "goaway");
    const first = rawRequest(session, unary, headers);
    // It never ends its request, and nothing stays of it all the same.
    const closed = once(first, "close");
    expect((await ending(first)).details?.reason).toBe(reason);
    await closed;
    expect(session.destroyed).toBe(false);
    for (let call = 0; call < 60; call += 1) rawRequest(session, unary, headers).end(hello);
    expect((await goaway)[0]).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });

  it("that has spent its quota is not", async () => {
    const limits = { maxResetBurst: 5, maxResetsPerSecond: 1 };
    const { address } = await open({
      authorizer: { admit: () => Promise.reject(new ServeError("QUOTA_EXCEEDED", "spent")) },
      ...limits,
    });
    const session = client(address);
    for (let call = 0; call < 20; call += 1) {
      const stream = rawRequest(session, unary);
      stream.end(hello);
      expect((await ending(stream)).details?.reason).toBe("QUOTA_EXCEEDED");
    }
    expect(session.destroyed).toBe(false);
  });

  it("whose calls end well may have any number of them, unless it begins them too fast", async () => {
    const { address } = await open({ maxResetBurst: 5, maxResetsPerSecond: 1 });
    const session = client(address);
    for (let call = 0; call < 50; call += 1) {
      const stream = rawRequest(session, unary);
      stream.end(hello);
      // Some clients say with a reset that they have read all there is.
      if (call % 2 === 0) stream.once("end", () => stream.close(constants.NGHTTP2_NO_ERROR));
      expect((await ending(stream)).code).toBe(status.OK);
    }
    expect(session.closed).toBe(false);
  });

  it("beyond the limit is closed at once, and the others stay", async () => {
    const { address } = await open({ maxConnections: 2 });
    const sessions = [client(address), client(address)];
    await Promise.all(sessions.map((session) => once(session, "remoteSettings")));
    const third = connectTcp(Number(address.split(":")[1]), "127.0.0.1");
    third.on("error", () => undefined).resume();
    await once(third, "close");
    for (const session of sessions) {
      const stream = rawRequest(session, unary);
      stream.end(hello);
      expect((await ending(stream)).code).toBe(status.OK);
    }
  });

  it("beyond its address's share is closed at once, and another address gets in", async () => {
    const { address, server } = await open({ maxConnections: 4, maxAddressPercent: 50 });
    const first = client(address);
    for (const session of [first, client(address)]) await once(session, "remoteSettings");
    const port = Number(address.split(":")[1]);
    const third = connectTcp(port, "127.0.0.1");
    third.on("error", () => undefined).resume();
    await once(third, "close");
    expect(await isServed(address, "127.0.0.2")).toBe(true);
    // Probes have connections of their own.
    server.health.set("liveness", true);
    const probe = rawClient(`127.0.0.1:${await server.listenForProbes("127.0.0.1", 0)}`);
    closing.push(() => probe.destroy());
    const check = rawRequest(probe, "/grpc.health.v1.Health/Check");
    check.end(frame(Buffer.from("\n\bliveness")));
    expect((await ending(check)).code).toBe(status.OK);
    first.destroy();
    await vi.waitFor(async () => expect(await isServed(address, "127.0.0.1")).toBe(true), waiting);
  });

  it("whose call has too large headers has that call reset, and its others go on", async () => {
    const { address } = await open({ maxHeaderBytes: 4096 });
    const session = client(address);
    await once(session, "remoteSettings");
    const large = await ending(rawRequest(session, unary, { large: "x".repeat(5000) }));
    expect(large.reset).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    const stream = rawRequest(session, unary, { small: "x".repeat(2000) });
    stream.end(hello);
    expect((await ending(stream)).code).toBe(status.OK);
  });
});

describe("calls that are open at once", () => {
  const empty = frame(Buffer.alloc(0));
  const watch = "/grpc.health.v1.Health/Watch";
  const { path } = kinds.serverStream;
  const refusal = [status.RESOURCE_EXHAUSTED, "TOO_MANY_OPEN_CALLS", 1000];

  /** Goes on until its caller leaves. */
  const held: KindHandlers["serverStream"] = async function* (_, { signal }) {
    yield "begun";
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  };

  async function hold(session: ClientHttp2Session, of: string, body: Buffer) {
    const stream = rawRequest(session, of);
    stream.end(body);
    const begun = once(stream, "data").then(() => true);
    const refused = ending(stream).then(() => false);
    expect(await Promise.race([begun, refused])).toBe(true);
    return stream;
  }

  async function refusalOf(session: ClientHttp2Session, of: string) {
    const { code, details } = await ending(rawRequest(session, of));
    return [code, details?.reason, details?.retryMs];
  }

  it("are bounded for an address, and another is served", async () => {
    const { address } = await open(
      { maxOpenCalls: 4, maxAddressPercent: 50 },
      { serverStream: held },
    );
    const [one, other] = [client(address), client(address)];
    const first = await hold(one, path, hello);
    await hold(other, path, hello);
    expect(await refusalOf(other, path)).toEqual(refusal);
    expect(await isServed(address, "127.0.0.2")).toBe(true);
    first.close(constants.NGHTTP2_CANCEL);
    await vi.waitFor(async () => expect(await isServed(address, "127.0.0.1")).toBe(true), waiting);
  });

  it("leave most places to calls that are no Watch, which needs no credential", async () => {
    const { address } = await open({
      maxOpenCalls: 8,
      authorizer: doorkeeperFor({}),
    });
    const session = client(address);
    const first = await hold(session, watch, empty);
    await hold(session, watch, empty);
    expect(await refusalOf(session, watch)).toEqual(refusal);
    expect((await ending(rawRequest(session, unary))).details?.reason).toBe("NO_CREDENTIAL");
    first.close(constants.NGHTTP2_CANCEL);
    await vi.waitFor(() => hold(session, watch, empty), waiting);
  });

  it("are none any more once they were reset, also before they were seen", async () => {
    const { address } = await open({ maxOpenCalls: 50 }, { serverStream: held });
    const wire = await openWire(address);
    closing.push(() => void wire.socket.destroy());
    const headers = callHeaders(path);
    const calls = Array.from({ length: 200 }, (_, index) => 2 * index + 1);
    const cancel = number32(constants.NGHTTP2_CANCEL);
    wire.send(
      ...calls.flatMap((stream) => [
        http2Frame({ type: types.headers, flags: flags.endHeaders, stream, payload: headers }),
        http2Frame({ type: types.reset, stream, payload: cancel }),
      ]),
    );
    await pong(wire);
    expect(await isServed(address, "127.0.0.1")).toBe(true);
  });
});

describe("a connection whose calls are cancelled as fast as it can", () => {
  const tenThousand = 10_000;
  const canceled = constants.NGHTTP2_CANCEL;

  function held() {
    const gate = deferred();
    const serverStream: KindHandlers["serverStream"] = async function* (request, { signal }) {
      yield "begun";
      // Not a race of both: the gate would keep everything of the calls that were cancelled.
      if (request === "innocent") await gate.promise;
      else await new Promise((resolve) => signal.addEventListener("abort", resolve));
      yield "done";
    };
    return { gate, serverStream };
  }

  interface Flood {
    readonly from: number;
    readonly count: number;
    readonly code?: number;
  }

  /** Begins and cancels calls, many in one packet, until the count is full or the connection gone. */
  async function cancel(wire: Wire, { from, count, code = canceled }: Flood): Promise<void> {
    const headers = callHeaders(kinds.serverStream.path);
    for (let call = from; call < from + count && wire.socket.writable; call += 100) {
      const calls = Array.from({ length: 100 }, (_, index) => 2 * (call + index) + 1);
      wire.send(
        ...calls.flatMap((stream) => [
          http2Frame({ type: types.headers, flags: flags.endHeaders, stream, payload: headers }),
          http2Frame({ type: types.data, flags: flags.endStream, stream, payload: hello }),
          http2Frame({ type: types.reset, stream, payload: number32(code) }),
        ]),
      );
      if (call % 500 === from % 500) await pong(wire);
    }
    await pong(wire);
  }

  it(`keeps its other calls through ${tenThousand} cancellations, and leaves nothing behind`, async () => {
    const { gate, serverStream } = held();
    const { address } = await open({}, { serverStream });
    const wire = await openWire(address);
    closing.push(() => void wire.socket.destroy());
    wire.send(http2Frame({ type: types.settings, flags: flags.ack }));
    const headers = callHeaders(kinds.serverStream.path);
    wire.send(
      http2Frame({ type: types.headers, flags: flags.endHeaders, stream: 1, payload: headers }),
      http2Frame({ type: types.data, flags: flags.endStream, stream: 1, payload: innocent }),
    );
    await cancel(wire, { from: 1, count: 2000 });
    const before = await heapBytes();
    await cancel(wire, { from: 2001, count: tenThousand - 2000 });
    expect((await heapBytes()) - before).toBeLessThan(2_000_000);
    gate.resolve();
    await vi.waitFor(() => expect(wire.heard.ended).toContain(1), waiting);
    expect([wire.heard.goaways, wire.heard.resets]).toEqual([[], []]);
  }, 60_000);

  it("keeps them also where more are cancelled in one packet than may be open at once", async () => {
    const { gate, serverStream } = held();
    const { address } = await open({ maxConcurrentStreams: 20 }, { serverStream });
    const wire = await openWire(address);
    closing.push(() => void wire.socket.destroy());
    wire.send(http2Frame({ type: types.settings, flags: flags.ack }));
    const headers = callHeaders(kinds.serverStream.path);
    wire.send(
      http2Frame({ type: types.headers, flags: flags.endHeaders, stream: 1, payload: headers }),
      http2Frame({ type: types.data, flags: flags.endStream, stream: 1, payload: innocent }),
    );
    await cancel(wire, { from: 1, count: 3000 });
    gate.resolve();
    await vi.waitFor(() => expect(wire.heard.ended).toContain(1), waiting);
    expect(wire.heard.goaways).toEqual([]);
  });

  const codes = [canceled, constants.NGHTTP2_NO_ERROR];

  it.each(codes)("by %i is closed beyond its rate, and no other connection is", async (code) => {
    const { gate, serverStream } = held();
    const limits = { maxResetBurst: 500, maxResetsPerSecond: 1 };
    const { address } = await open(limits, { serverStream });
    const stream = rawRequest(client(address), kinds.serverStream.path);
    stream.end(innocent);
    const end = ending(stream);
    await once(stream, "data");
    const rude = await openWire(address);
    await cancel(rude, { from: 0, count: 2000, code });
    await rude.closed;
    expect(rude.heard.goaways[0]).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    gate.resolve();
    expect((await end).code).toBe(status.OK);
  });
});
