import { type ClientHttp2Session, connect, constants } from "node:http2";
import { Metadata, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ServeError } from "../../src/base/errors.ts";
import {
  deferred,
  type KindHandlers,
  kinds,
  kindsClient,
  type Running,
  startKinds,
} from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

async function open(handlers: Partial<KindHandlers>, options = {}): Promise<Running> {
  const running = await startKinds(handlers, options);
  closing.push(running.stop);
  return running;
}

function openStream(address: string) {
  const client = kindsClient(address);
  closing.push(() => client.close());
  const { path, requestSerialize, responseDeserialize } = kinds.serverStream;
  return client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    "x",
    new Metadata(),
  );
}

/** A client below gRPC, which does what no library does. */
function rawClient(address: string): ClientHttp2Session {
  const session = connect(`http://${address}`);
  closing.push(() => session.destroy());
  return session;
}

function rawCall(session: ClientHttp2Session, path: string) {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.on("error", () => undefined);
  const message = Buffer.from("x");
  stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]));
  return stream;
}

/** Gives for ever, and tells how often and why it ended. */
function endless(text: string, beforeEach: () => Promise<void> | void = () => undefined) {
  const ended = deferred<ServeError>();
  const seen = { given: 0, ended };
  const handler: KindHandlers["serverStream"] = async function* (_, { signal }) {
    try {
      for (;;) {
        await beforeEach();
        seen.given += 1;
        yield text;
      }
    } finally {
      ended.resolve(signal.reason as ServeError);
    }
  };
  return { seen, handler };
}

describe("a stream whose caller cancels", () => {
  it("stops its handler, which learns that the caller is gone", async () => {
    const { seen, handler } = endless(
      "tick",
      () => new Promise((resolve) => setImmediate(resolve)),
    );
    const { address } = await open({ serverStream: handler });
    const stream = openStream(address);
    stream.on("error", () => undefined);
    stream.once("data", () => stream.cancel());
    expect((await seen.ended.promise).reason).toBe("CALLER_GONE");
  });

  it("stops its handler when the connection is lost", async () => {
    const { seen, handler } = endless(
      "tick",
      () => new Promise((resolve) => setImmediate(resolve)),
    );
    const { address } = await open({ serverStream: handler });
    const session = rawClient(address);
    const stream = rawCall(session, kinds.serverStream.path);
    stream.once("data", () => session.destroy());
    expect((await seen.ended.promise).reason).toBe("CALLER_GONE");
  });

  it("survives a handler that goes on writing and then fails", async () => {
    const wentOn = deferred();
    const gate = deferred();
    const { address } = await open({
      serverStream: async function* (_, { signal }) {
        try {
          yield "first";
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          yield "late";
          await gate.promise;
        } finally {
          wentOn.resolve();
          // The caller has had its status; this must go nowhere, above all not to the process.
          await Promise.reject(new Error("too late"));
        }
      },
    });
    const stream = openStream(address);
    stream.on("error", () => undefined);
    stream.once("data", () => stream.cancel());
    await wentOn.promise;
    gate.resolve();
    const again = openStream(address);
    again.on("error", () => undefined);
    await new Promise((resolve) => again.once("data", resolve));
    again.cancel();
  });

  it("aborts no signal after it went well", async () => {
    let signal: AbortSignal | undefined;
    const { address } = await open({
      serverStream: async function* (request, context) {
        signal = context.signal;
        await Promise.resolve();
        yield request;
      },
    });
    const stream = openStream(address);
    stream.resume();
    await new Promise((resolve) => stream.on("status", resolve));
    // A second call on the same server comes after the `cancelled` that grpc-js emits for the first.
    const second = openStream(address);
    second.resume();
    await new Promise((resolve) => second.on("status", resolve));
    expect(signal?.aborted).toBe(false);
  });
});

describe("a stream whose caller does not read", () => {
  const kilobytes = "x".repeat(10_000);

  it("is held back, and goes on when its caller reads", async () => {
    const { seen, handler } = endless(kilobytes);
    const { address } = await open({ serverStream: handler });
    const stream = rawCall(rawClient(address), kinds.serverStream.path);
    stream.pause();
    // Nothing tells that a stream will not go on; so ask until it has stood still for a while.
    let before = -1;
    await vi.waitFor(
      () => {
        const settled = seen.given === before && seen.given > 0;
        before = seen.given;
        expect(settled).toBe(true);
      },
      { timeout: 10_000, interval: 100 },
    );
    expect(seen.given).toBeLessThan(200);
    const blockedAt = seen.given;
    stream.resume();
    await vi.waitFor(() => expect(seen.given).toBeGreaterThan(blockedAt + 500), {
      timeout: 10_000,
    });
    stream.close(constants.NGHTTP2_CANCEL);
    await seen.ended.promise;
  });

  it("ends its handler when the caller cancels meanwhile", async () => {
    const { seen, handler } = endless(kilobytes);
    const { address } = await open({ serverStream: handler });
    const stream = openStream(address);
    stream.on("error", () => undefined);
    stream.pause();
    await vi.waitFor(() => expect(seen.given).toBeGreaterThan(10), { timeout: 10_000 });
    stream.cancel();
    expect((await seen.ended.promise).reason).toBe("CALLER_GONE");
  });

  it("ends its handler when the server's limit passes meanwhile", async () => {
    const { seen, handler } = endless(kilobytes);
    const { address } = await open({ serverStream: handler }, { maxCallMs: 200 });
    const session = rawClient(address);
    const stream = rawCall(session, kinds.serverStream.path);
    stream.pause();
    expect((await seen.ended.promise).reason).toBe("DEADLINE_PASSED");
  });

  it("does not hold the server's end up", async () => {
    const { seen, handler } = endless(kilobytes);
    const { address, server } = await open({ serverStream: handler });
    const session = rawClient(address);
    session.on("error", () => undefined);
    const closed = new Promise((resolve) => session.once("close", resolve));
    rawCall(session, kinds.serverStream.path).pause();
    await vi.waitFor(() => expect(seen.given).toBeGreaterThan(10), { timeout: 10_000 });
    await server.drain(0);
    expect((await seen.ended.promise).reason).toBe("SHUTTING_DOWN");
    await closed;
  });

  it("leaves no listener behind for each pause", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on("warning", note);
    closing.push(() => {
      process.off("warning", note);
    });
    const { seen, handler } = endless(kilobytes);
    const { address } = await open({ serverStream: handler });
    const stream = openStream(address);
    stream.on("error", () => undefined);
    stream.resume();
    await vi.waitFor(() => expect(seen.given).toBeGreaterThan(2000), { timeout: 15_000 });
    stream.cancel();
    await seen.ended.promise;
    expect(warnings).toEqual([]);
  });
});

describe("a server that is full of streams", () => {
  it("lets no connection have more open than its setting, and serves all in the end", async () => {
    let open_ = 0;
    let most = 0;
    const { address } = await open(
      {
        serverStream: async function* (request) {
          open_ += 1;
          most = Math.max(most, open_);
          await new Promise((resolve) => setImmediate(resolve));
          yield request;
          open_ -= 1;
        },
      },
      { maxConcurrentStreams: 5 },
    );
    const client = kindsClient(address);
    closing.push(() => client.close());
    const { path, requestSerialize, responseDeserialize } = kinds.serverStream;
    const codes = Array.from({ length: 40 }, () => {
      const stream = client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        "x",
      );
      stream.resume();
      return new Promise<number>((resolve) => stream.on("status", ({ code }) => resolve(code)));
    });
    expect(new Set(await Promise.all(codes))).toEqual(new Set([status.OK]));
    expect(most).toBeLessThanOrEqual(5);
  });
});

describe("a request that is too large", () => {
  it("is refused before its handler runs", async () => {
    const { address } = await open({}, { maxMessageBytes: 1024 });
    const client = kindsClient(address);
    closing.push(() => client.close());
    const { path, requestSerialize, responseDeserialize } = kinds.unary;
    const error = await new Promise<{ readonly code: number }>((resolve) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        "x".repeat(2000),
        (failure) => resolve(failure!),
      );
    });
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
  });
});
