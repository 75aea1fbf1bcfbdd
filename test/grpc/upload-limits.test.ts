/** Requests that begin to arrive and do not end. */
import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { gzipSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import type { ServerOptions } from "../../src/grpc/server.ts";
import { heapBytes } from "../fixtures/memory.ts";
import { type Ending, ending, frame, rawClient, rawRequest } from "./raw.ts";
import { kinds, startKinds } from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

async function open(options: Partial<ServerOptions>) {
  const { address, stop } = await startKinds({}, { maxMessageBytes: 500_000, ...options });
  closing.push(stop);
  return () => {
    const session = rawClient(address);
    closing.push(() => session.destroy());
    return session;
  };
}

interface Unfinished {
  readonly stream: ClientHttp2Stream;
  readonly end: Promise<Ending>;
}

/** Announces 400,000 bytes, and sends some. */
function begin(session: ClientHttp2Session, bytes: number): Unfinished {
  const stream = rawRequest(session, kinds.unary.path);
  const end = ending(stream);
  stream.write(frame(Buffer.alloc(bytes, "x"), { length: 400_000 }));
  return { stream, end };
}

/** Sends the rest of what was announced. */
function finish({ stream, end }: Unfinished, sent: number): Promise<Ending> {
  stream.end(Buffer.alloc(400_000 - sent, "x"));
  return end;
}

async function isServed(session: ClientHttp2Session): Promise<boolean> {
  const stream = rawRequest(session, kinds.unary.path);
  stream.end(frame(Buffer.from("hello")));
  return (await ending(stream)).code === status.OK;
}

describe("a connection that begins many requests and ends none", () => {
  it("has the largest refused, and may try again; the others come to their end", async () => {
    // Room for what three have sent and for the rest of one of them.
    const client = await open({ maxConnectionUploadBytes: 1_100_000 });
    const session = client();
    const begun = Array.from({ length: 10 }, () => begin(session, 300_000));
    const refused = new Set<Unfinished>();
    await Promise.race([
      ...begun.map(async (each) => {
        const { code, details } = await each.end;
        refused.add(each);
        expect([code, details?.reason]).toEqual([
          status.RESOURCE_EXHAUSTED,
          "UPLOAD_BUDGET_EXCEEDED",
        ]);
        expect(details?.retryMs).toBe(1000);
        if (refused.size < 7) await new Promise(() => undefined);
      }),
    ]);
    const left = begun.filter((each) => !refused.has(each));
    expect(left.length).toBeLessThanOrEqual(3);
    for (const each of left) expect((await finish(each, 300_000)).code).toBe(status.OK);
    expect(await isServed(session)).toBe(true);
  });

  it("holds no more than its budget, though it keeps its streams open", async () => {
    const client = await open({
      maxConnectionUploadBytes: 1_000_000,
      maxUploadBytes: 1_000_000,
    });
    const session = client();
    expect(await isServed(session)).toBe(true);
    const before = await heapBytes();
    const begun = Array.from({ length: 100 }, () => begin(session, 300_000));
    let ended = 0;
    await new Promise<void>((resolve) => {
      for (const { end } of begun) void end.then(() => (ended += 1) === 97 && resolve());
    });
    expect((await heapBytes()) - before).toBeLessThan(8_000_000);
  });

  it("keeps out no other caller where all connections share a budget", async () => {
    const client = await open({ maxUploadBytes: 1_000_000 });
    const heavy = [client(), client(), client(), client()];
    const small = begin(client(), 1000);
    const ends = heavy.map((session) => begin(session, 390_000).end);
    expect((await Promise.race(ends)).details?.reason).toBe("UPLOAD_BUDGET_EXCEEDED");
    expect(await isServed(client())).toBe(true);
    expect((await finish(small, 1000)).code).toBe(status.OK);
  });
});

describe("compressed requests", () => {
  /** A call whose message is a thousand times what is sent of it. */
  function bomb(session: ClientHttp2Session): ClientHttp2Stream {
    const stream = rawRequest(session, kinds.unary.path, { "grpc-encoding": "gzip" });
    stream.write(frame(packed, { flag: 1 }));
    return stream;
  }
  const unpackedBytes = 2_000_000;
  const packed = gzipSync(Buffer.alloc(unpackedBytes, 0xff));

  it("are unpacked few at a time", async () => {
    const client = await open({ maxMessageBytes: unpackedBytes });
    const session = client();
    const most = { bytes: 0 };
    const before = process.memoryUsage().arrayBuffers;
    const timer = setInterval(() => {
      most.bytes = Math.max(most.bytes, process.memoryUsage().arrayBuffers - before);
    }, 1);
    const calls = Array.from({ length: 100 }, () => bomb(session).end());
    const ends = await Promise.all(calls.map(ending));
    clearInterval(timer);
    expect(new Set(ends.map(({ details }) => details?.reason))).toEqual(
      new Set(["MESSAGE_MALFORMED"]),
    );
    // Twice over for each, since parts are joined; and rubbish waits to be collected.
    expect(most.bytes).toBeLessThan(100_000_000);
  });

  it("count as what they become, where their callers do not end them", async () => {
    const client = await open({
      maxMessageBytes: unpackedBytes,
      maxConnectionUploadBytes: 3 * unpackedBytes,
    });
    const session = client();
    const reasons: (string | undefined)[] = [];
    await new Promise<void>((resolve) => {
      for (let call = 0; call < 10; call += 1) {
        const end = ending(bomb(session));
        void end.then(({ details }) => reasons.push(details?.reason) === 7 && resolve());
      }
    });
    expect(new Set(reasons)).toEqual(new Set(["UPLOAD_BUDGET_EXCEEDED"]));
  });
});

describe("a request that takes too long to arrive", () => {
  const slow = [status.DEADLINE_EXCEEDED, "SLOW_SENDER"];

  it("ends, whether or not its message is whole", async () => {
    const client = await open({ maxUploadMs: 100 });
    const session = client();
    const whole = rawRequest(session, kinds.unary.path);
    const wholeEnd = ending(whole);
    whole.write(frame(Buffer.from("hello")));
    const silent = rawRequest(session, kinds.serverStream.path);
    const ends = await Promise.all([wholeEnd, begin(session, 1000).end, ending(silent)]);
    expect(ends.map(({ code, details }) => [code, details?.reason])).toEqual([slow, slow, slow]);
    expect(await isServed(session)).toBe(true);
  });

  it("is one message of a stream, and a stream may be silent between messages", async () => {
    const client = await open({ maxUploadMs: 100 });
    const session = client();
    const [silent, halting] = [kinds.bidi.path, kinds.bidi.path].map((path) => {
      const stream = rawRequest(session, path);
      stream.write(frame(Buffer.from("hello")));
      return { stream, end: ending(stream) };
    });
    if (silent === undefined || halting === undefined) throw new Error("bug: two were made");
    await once(halting.stream, "data");
    halting.stream.write(frame(Buffer.from("half"), { length: 8 }));
    const end = await halting.end;
    expect([end.code, end.details?.reason]).toEqual(slow);
    expect(end.body).toEqual(frame(Buffer.from("hello")));
    silent.stream.end(frame(Buffer.from("goodbye")));
    expect((await silent.end).code).toBe(status.OK);
  });
});

it("a connection may send more at once than each of its streams", async () => {
  const client = await open({});
  const session = client();
  await once(session, "remoteSettings");
  await new Promise((resolve) => session.ping(resolve));
  expect(session.state.remoteWindowSize).toBe(1024 * 1024);
  expect(session.remoteSettings.initialWindowSize).toBe(65_535);
});
