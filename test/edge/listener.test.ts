/** The edge with a protocol that is not gRPC, on Node's own servers: what it asks of one, and what it gives. */
import { once } from "node:events";
import { createServer as createHttp1 } from "node:http";
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { connect as connectTcp, type AddressInfo, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, it } from "vitest";
import { idleClock } from "../../src/base/clock.ts";
import { ServeError } from "../../src/base/errors.ts";
import { CallAccounts } from "../../src/edge/call-accounts.ts";
import { type EdgeLimits, Listener } from "../../src/edge/listener.ts";
import type { StreamProtocol } from "../../src/edge/protocol.ts";
import { RequestIds } from "../../src/edge/request-ids.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const limits: EdgeLimits = {
  maxConnections: 100,
  maxAddressPercent: 100,
  maxOpenCalls: 100,
  maxHeaderBytes: 16_384,
  maxCallsPerSecond: 1000,
  maxResetBurst: 100,
  maxResetsPerSecond: 100,
  maxCallMs: 60_000,
  maxConnectionIdleMs: 0,
  maxConnectionAgeMs: 0,
  stallMs: 60_000,
};

/** A protocol that serves `/echo`, and `/parts`, whose request has messages of a byte each. */
const echo: StreamProtocol = {
  examine: ({ ":path": path = "" }) => {
    const parts = path === "/parts" && { framing: () => ({ push: () => 0 }) };
    if (path === "/echo" || parts) return { method: path, isEndless: false, ...parts };
    const refusal = new ServeError("METHOD_UNKNOWN", "no such path");
    return { method: "unknown", isEndless: false, refusal };
  },
  reject: (stream, { reason }, requestId) => {
    if (stream.headersSent) stream.close(constants.NGHTTP2_CANCEL);
    else stream.respond({ ":status": 404, reason, id: requestId }, { endStream: true });
  },
};

async function open(changed: Partial<EdgeLimits> = {}, uploadBytes = 1000) {
  const counted: string[] = [];
  const http1 = createHttp1((request, response) => {
    void text(request).then((body) => response.end(`${request.method} ${body}`));
  });
  const listener = new Listener({
    limits: { ...limits, ...changed },
    uploads: { bytes: uploadBytes, connectionBytes: uploadBytes, uploadMs: 10_000 },
    protocol: echo,
    http1: {
      isServed: true,
      receive: (socket: Socket) => {
        http1.emit("connection", socket);
        socket.resume();
      },
    },
    rejections: { connection: (reason) => counted.push(reason) },
    accounts: new CallAccounts({
      call: ({ method, reason }) => counted.push(`${method} ${reason}`),
      auditedCall: () => undefined,
    }),
    requestIds: new RequestIds(() => "drawn"),
    clock: idleClock,
    random: () => 0.5,
  });
  const server = createServer();
  listener.guard(server, (stream) => {
    stream.respond();
    stream.pipe(stream);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => listener.stopListening());
  const { port } = server.address() as AddressInfo;
  return { port, listener, counted };
}

function session(port: number): ClientHttp2Session {
  const opened = connect(`http://127.0.0.1:${port}`);
  closing.push(() => opened.destroy());
  return opened;
}

async function request(client: ClientHttp2Session, headers: OutgoingHttpHeaders, body = "") {
  const stream = client.request({ ":method": "POST", ...headers });
  const answered = once(stream, "response") as Promise<[IncomingHttpHeaders]>;
  stream.end(body);
  const [answer] = await answered;
  return { answer, body: await text(stream) };
}

it("gives a stream that may be served to what receives it", async () => {
  const { port } = await open();
  const { answer, body } = await request(session(port), { ":path": "/echo" }, "hello");
  expect([answer[":status"], body]).toEqual([200, "hello"]);
});

it("has a stream that is refused answered by its protocol, with the call's id, and counts it", async () => {
  const { port, counted } = await open();
  const client = session(port);
  const ids = ["given", undefined].map((id) => ({ ":path": "/none", "x-request-id": id }));
  const answers = await Promise.all(ids.map((headers) => request(client, headers)));
  expect(answers.map(({ answer }) => [answer[":status"], answer["id"]])).toEqual([
    [404, "given"],
    [404, "drawn"],
  ]);
  expect(counted).toEqual(["unknown METHOD_UNKNOWN", "unknown METHOD_UNKNOWN"]);
});

it("has its protocol answer what its own bounds refuse", async () => {
  const { port } = await open({ maxCallsPerSecond: 1 });
  const client = session(port);
  const answers = [];
  for (let call = 0; call < 2; call += 1) answers.push(await request(client, { ":path": "/echo" }));
  expect(answers.map(({ answer }) => answer["reason"])).toEqual([undefined, "TOO_MANY_CALLS"]);
});

it("counts what arrives of a request, but for messages that its protocol's framing says are whole", async () => {
  const { port, counted } = await open({}, 10);
  const client = session(port);
  const [parts, whole] = ["/parts", "/echo"].map((path) => {
    const stream = client.request({ ":method": "POST", ":path": path });
    return stream.on("error", () => undefined);
  });
  parts!.write("more than ten bytes");
  await once(parts!, "data");
  expect(counted).toEqual([]);
  whole!.resume().write("more than ten bytes");
  await once(whole!, "close");
  expect(counted).toEqual(["/echo UPLOAD_BUDGET_EXCEEDED"]);
});

it("hands a connection of HTTP/1.1 on whole, to be served and to be counted", async () => {
  const { port, listener } = await open();
  const socket = connectTcp(port, "127.0.0.1").setNoDelay(true);
  closing.push(() => socket.destroy());
  const sent = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello";
  // The first bytes one by one: what is looked at comes in pieces.
  for (const part of ["P", "O", sent.slice(2)]) {
    await new Promise((written) => socket.write(part, written));
  }
  expect(listener.load.connections).toBe(1);
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*POST hello/s);
});
