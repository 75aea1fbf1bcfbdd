/** How a connection is ended: announced, and then closed to streams a round trip later. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import {
  connect as connectHttp2,
  constants,
  createSecureServer,
  createServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterEach, expect, it } from "vitest";
import { FollowedTlsFiles } from "../../src/auth/tls-files.ts";
import { wallMs } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { GoawaySessions, roundTripMs, sendGoaway } from "../../src/edge/goaway.ts";
import { authority } from "../fixtures/certificates.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import {
  callHeaders,
  flags,
  type Heard,
  heard,
  http2Frame,
  number32,
  openWire,
  pong,
  types,
} from "./frames.ts";
import { ending, frame, rawRequest } from "./raw.ts";
import { kinds, startKinds } from "./support.ts";

const { path } = kinds.unary;
const anyStream = 2 ** 31 - 1;
const message = frame(Buffer.from("x"));

let closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

async function connect(address: string) {
  const wire = await openWire(address);
  closing.push(() => wire.socket.destroy());
  const call = (stream: number): void => {
    const payload = callHeaders(path);
    wire.send(
      http2Frame({ type: types.headers, flags: flags.endHeaders, stream, payload }),
      http2Frame({ type: types.data, flags: flags.endStream, stream, payload: message }),
    );
  };
  const answerPing = async (): Promise<void> => {
    await heard(wire, ({ pings }) => pings.length > 0);
    const [payload] = wire.heard.pings;
    wire.send(http2Frame({ type: types.ping, flags: flags.ack, payload: payload! }));
  };
  return { ...wire, call, answerPing };
}

/** The last streams that the announcement and what follows it name; Node says the second again at the end. */
const ofBoth = ({ lastStreams }: Heard): readonly number[] => lastStreams.slice(0, 2);

it("serves the calls that are on their way when it is announced, and no later one", async () => {
  const { address, stop } = await startKinds({}, { maxConnectionAgeMs: 20 });
  closing.push(stop);
  const wire = await connect(address);
  wire.call(1);
  await heard(wire, ({ goaways }) => goaways.length === 1);
  wire.call(3);
  await heard(wire, ({ ended }) => ended.includes(3));
  expect(wire.heard.lastStreams).toEqual([anyStream]);
  await wire.answerPing();
  await wire.closed;
  expect(ofBoth(wire.heard)).toEqual([anyStream, 3]);
  expect(wire.heard.resets).toEqual([]);
});

it("is announced in a drain too", async () => {
  const { address, server, stop } = await startKinds({}, {});
  closing.push(stop);
  const wire = await connect(address);
  wire.call(1);
  await heard(wire, ({ ended }) => ended.includes(1));
  const drained = server.drain(3_600_000);
  await heard(wire, ({ goaways }) => goaways.length === 1);
  wire.call(3);
  await heard(wire, ({ ended }) => ended.includes(3));
  await wire.answerPing();
  await Promise.all([drained, wire.closed]);
  expect(ofBoth(wire.heard)).toEqual([anyStream, 3]);
});

it("is announced to a connection that is idle too", async () => {
  const { address, stop } = await startKinds({}, { maxConnectionIdleMs: 20 });
  closing.push(stop);
  const wire = await connect(address);
  await heard(wire, ({ goaways }) => goaways.length === 1);
  wire.call(1);
  await heard(wire, ({ ended }) => ended.includes(1));
  await wire.answerPing();
  await wire.closed;
  expect(ofBoth(wire.heard)).toEqual([anyStream, 1]);
});

it("waits until a client has read what was sent before", async () => {
  const clock = new FakeClock();
  const server = createServer();
  closing.push(() => server.close());
  // More than the system takes of it unread.
  server.on("stream", (stream) => stream.end(Buffer.alloc(32 * 1024 * 1024)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const opened = once(server, "session") as Promise<[ServerHttp2Session]>;
  const wire = await connect(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [session] = await opened;
  const window = number32(2 ** 31 - 1 - 65_535);
  wire.call(1);
  for (const stream of [0, 1]) {
    wire.send(http2Frame({ type: types.windowUpdate, stream, payload: window }));
  }
  await heard(wire, ({ bytes }) => bytes > 65_535);
  wire.socket.pause();
  const left = sendGoaway(session, { why: "test", clock, streams: { open: 0, peak: 0 } });
  expect(wire.heard.lastStreams).toEqual([]);
  wire.socket.resume();
  await heard(wire, ({ ended }) => ended.includes(1));
  expect(wire.heard.lastStreams).toEqual([]);
  clock.advance(roundTripMs / 2);
  await heard(wire, ({ pings }) => pings.length > 0);
  await wire.answerPing();
  await Promise.all([left, wire.closed]);
  expect(ofBoth(wire.heard)).toEqual([anyStream, 1]);
});

it("does not wait for ever for a client that does not answer", async () => {
  const clock = new FakeClock();
  const server = createServer();
  closing.push(() => server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const opened = once(server, "session") as Promise<[ServerHttp2Session]>;
  const wire = await connect(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [session] = await opened;
  await pong(wire);
  const left = sendGoaway(session, { why: "test", clock, streams: { open: 0, peak: 0 } });
  await heard(wire, ({ pings }) => pings.length > 0);
  expect(wire.heard.lastStreams).toEqual([anyStream]);
  clock.advance(roundTripMs);
  await Promise.all([left, wire.closed]);
  expect(ofBoth(wire.heard)).toEqual([anyStream, 0]);
});

it("waits over TLS until a client has as many calls open as ever", async () => {
  const own = authority("server CA").issue({ name: "localhost", dns: ["localhost"] });
  const server = createSecureServer({ cert: own.cert, key: own.key });
  closing.push(() => server.close());
  const sessions = new GoawaySessions(new FakeClock());
  sessions.watch(server);
  const streams: ServerHttp2Stream[] = [];
  server.on("stream", (stream) => {
    streams.push(stream.resume());
    stream.respond();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const session = connectHttp2(`https://localhost:${port}`, { rejectUnauthorized: false });
  session.on("error", () => undefined);
  closing.push(() => session.destroy());
  const ends: Promise<unknown>[] = [];
  const begin = async (): Promise<void> => {
    const begun = once(server, "stream");
    ends.push(once(session.request({ ":path": "/" }).resume(), "close"));
    await begun;
  };
  for (let count = 0; count < 3; count += 1) await begin();
  for (const stream of streams.slice(1)) stream.end();
  await Promise.all(ends.slice(1));
  const left = sessions.sendGoaways();
  const heardIt = once(session, "goaway");
  await begin();
  await begin();
  // The fifth: of client's streams, every other number.
  expect((await heardIt).slice(0, 2)).toEqual([constants.NGHTTP2_NO_ERROR, 9]);
  await left;
  for (const stream of streams) stream.end();
  await Promise.all(ends);
});

it("comes with the next call over TLS, and fails none of one caller", async () => {
  const folder = mkdtempSync(join(tmpdir(), "inferd-farewell-"));
  closing.push(() => rmSync(folder, { recursive: true }));
  const ca = authority("server CA");
  const own = ca.issue({ name: "localhost", dns: ["localhost"] });
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  writeFileSync(files.cert, own.cert);
  writeFileSync(files.key, own.key);
  const tlsFiles = new FollowedTlsFiles({
    files: { ...files, clientCa: undefined },
    clock: new FakeClock(),
    wallMs,
    log: silentLog,
  });
  closing.push(() => tlsFiles.close());
  const { address, stop } = await startKinds({}, { tlsFiles, maxConnectionAgeMs: 20 });
  closing.push(stop);
  const session = connectHttp2(`https://localhost:${address.split(":")[1]}`, { ca: ca.cert });
  session.on("error", () => undefined);
  closing.push(() => session.destroy());
  const lastStreams: number[] = [];
  session.on("goaway", (_code: number, lastStream: number) => lastStreams.push(lastStream));
  let last = 0;
  while (lastStreams.length === 0) {
    const stream = rawRequest(session, path);
    stream.end(message);
    expect((await ending(stream)).code).toBe(status.OK);
    last = stream.id ?? 0;
  }
  expect(lastStreams).toEqual([last]);
});
