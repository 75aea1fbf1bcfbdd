/** How long connections live: age, idleness, and clients that have died. */
import { once } from "node:events";
import { connect, constants, type ClientHttp2Session } from "node:http2";
import { connect as connectTcp } from "node:net";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import type { ServeError } from "../../src/base/errors.ts";
import { callHeaders, flags, heard, http2Frame, openWire, types } from "./frames.ts";
import { ending, frame, rawRequest } from "./raw.ts";
import { call, deferred, kindsClient, startKinds } from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

function session(address: string): ClientHttp2Session {
  const opened = connect(`http://${address}`);
  opened.on("error", () => undefined);
  closing.push(() => opened.destroy());
  return opened;
}

const goaway = async (opened: ClientHttp2Session): Promise<unknown> =>
  ((await once(opened, "goaway")) as readonly unknown[])[0];

/** A stream whose handler waits for the gate, and tells why it was aborted. */
async function gated(options: Parameters<typeof startKinds>[1]) {
  const gate = deferred();
  const begun = deferred();
  const aborted = deferred<string>();
  const running = await startKinds(
    {
      serverStream: async function* (_, { signal }) {
        signal.addEventListener("abort", () => {
          aborted.resolve((signal.reason as ServeError).reason);
        });
        begun.resolve();
        yield "begun";
        await Promise.race([gate.promise, aborted.promise]);
        yield "done";
      },
    },
    options,
  );
  closing.push(running.stop);
  return { ...running, gate, begun, aborted };
}

describe("a connection that has reached its age", () => {
  it("is asked to end, and its stream goes on to its own end", async () => {
    const { address, gate, begun } = await gated({ maxConnectionAgeMs: 50 });
    const client = kindsClient(address);
    closing.push(() => client.close());
    const answer = call(client, "serverStream", ["x"]);
    await begun.promise;
    // Another of the same age, to see that age has come for both: jitter is a tenth.
    const witness = session(address);
    witness.request({ ":path": "/age/counts/from/the/first/call" }).on("error", () => undefined);
    expect(await goaway(witness)).toBe(constants.NGHTTP2_NO_ERROR);
    // A new call gets a new connection while the old one still carries the stream.
    expect(await call(client, "unary", ["y"])).toMatchObject({ responses: ["y"] });
    gate.resolve();
    expect(await answer).toEqual({ responses: ["begun", "done"], error: undefined });
  });

  it("fails none of the calls that are made one after another meanwhile", async () => {
    const running = await startKinds({}, { maxConnectionAgeMs: 20 });
    const client = kindsClient(running.address);
    closing.push(running.stop, () => client.close());
    const errors = new Set<unknown>();
    for (let calls = 0; calls < 500; calls++) {
      errors.add((await call(client, calls % 2 ? "unary" : "serverStream", ["x"])).error);
    }
    expect([...errors]).toEqual([undefined]);
  });

  it("has had its age since its first call, so that it takes at least one", async () => {
    const { address } = await gated({ maxConnectionAgeMs: 20 });
    const unused = await openWire(address);
    const used = await openWire(address);
    closing.push(() => void unused.socket.destroy());
    closing.push(() => void used.socket.destroy());
    used.send(...request(1, "/test.Kinds/ServerStream"));
    await heard(used, ({ goaways }) => goaways.length > 0);
    expect(unused.heard.goaways).toEqual([]);
    unused.send(...request(1, "/test.Kinds/Unary"));
    await heard(unused, ({ ended }) => ended.includes(1));
  });

  it("outlives the longest call: a call ends by its deadline, never by age", async () => {
    const { address, begun } = await gated({ maxConnectionAgeMs: 20, maxCallMs: 300 });
    const client = kindsClient(address);
    closing.push(() => client.close());
    const answer = call(client, "serverStream", ["x"]);
    await begun.promise;
    const { error } = await answer;
    expect(error?.metadata.get("grpc-status-details-bin")).toHaveLength(1);
    expect(error?.code).toBe(4);
  });
});

describe("a stream that goes on after its connection was asked to end", () => {
  /** Waits until a server with this keepalive has sent so many pings to another client. */
  async function pings(keepaliveMs: number, times: number): Promise<void> {
    const other = await startKinds({}, { keepaliveMs });
    closing.push(other.stop);
    const witness = session(other.address);
    for (let seen = 0; seen < times; seen += 1) await once(witness, "ping");
  }

  const keepaliveMs = 30;

  it("is not ended by a keepalive that falls due after its age", async () => {
    const { address, gate, begun } = await gated({ maxConnectionAgeMs: 20, keepaliveMs });
    const opened = session(address);
    const answer = ending(streamOn(opened));
    await begun.promise;
    await goaway(opened);
    await pings(keepaliveMs, 4);
    gate.resolve();
    expect((await answer).code).toBe(status.OK);
  });

  it("is not ended by a keepalive that falls due in a drain", async () => {
    const { server, address, gate, begun } = await gated({ keepaliveMs });
    const opened = session(address);
    const answer = ending(streamOn(opened));
    await begun.promise;
    const drained = server.drain(3_600_000);
    await goaway(opened);
    await pings(keepaliveMs, 4);
    gate.resolve();
    expect((await answer).code).toBe(status.OK);
    await drained;
  });
});

describe("an idle connection", () => {
  it("is closed where the operator says so", async () => {
    const running = await startKinds({}, { maxConnectionIdleMs: 50 });
    closing.push(running.stop);
    expect(await goaway(session(running.address))).toBe(constants.NGHTTP2_NO_ERROR);
  });

  it("is kept by default", async () => {
    const running = await startKinds({}, {});
    closing.push(running.stop);
    const other = await startKinds({}, { maxConnectionIdleMs: 50 });
    closing.push(other.stop);
    const kept = session(running.address);
    let isAsked = false;
    kept.on("goaway", () => (isAsked = true));
    await once(kept, "connect");
    await goaway(session(other.address));
    expect(isAsked).toBe(false);
  });
});

describe("a client that has died without a word", () => {
  it("is noticed by its missing answer to a ping, and its call is cancelled", async () => {
    const { address, begun, aborted } = await gated({ keepaliveMs: 50, keepaliveTimeoutMs: 50 });
    const [host = "", port = ""] = address.split(":");
    const socket = connectTcp(Number(port), host);
    closing.push(() => void socket.destroy());
    socket.on("error", () => undefined);
    const opened = connect(`http://${address}`, { createConnection: () => socket });
    opened.on("error", () => undefined);
    closing.push(() => opened.destroy());
    const stream = opened.request({
      ":method": "POST",
      ":path": "/test.Kinds/ServerStream",
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.on("error", () => undefined);
    stream.end(Buffer.from([0, 0, 0, 0, 1, 0x78]));
    await begun.promise;
    // Nothing of what the server sends is read any more, as when a machine lost its network.
    opened.ref();
    freeze(socket);
    expect(await aborted.promise).toBe("CALLER_GONE");
  });
});

function request(stream: number, path: string): readonly Buffer[] {
  return [
    http2Frame({
      type: types.headers,
      flags: flags.endHeaders,
      stream,
      payload: callHeaders(path),
    }),
    http2Frame({
      type: types.data,
      flags: flags.endStream,
      stream,
      payload: frame(Buffer.from("x")),
    }),
  ];
}

function streamOn(opened: ClientHttp2Session) {
  const stream = rawRequest(opened, "/test.Kinds/ServerStream");
  stream.end(frame(Buffer.from("x")));
  return stream;
}

/** The session has taken over the socket's reading: only its handle can still be stopped. */
function freeze(socket: ReturnType<typeof connectTcp>): void {
  const { _handle: handle } = socket as unknown as { _handle: { readStop(): void } };
  handle.readStop();
}
