import { once } from "node:events";
import { connect } from "node:net";
import { status } from "@grpc/grpc-js";
import { afterEach, expect, it } from "vitest";
import { silentMeter } from "../../src/base/meter.ts";
import { ending, frame, rawClient, rawRequest } from "./raw.ts";
import { kinds, startKinds } from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

async function open() {
  const reasons: string[] = [];
  const meter = {
    ...silentMeter,
    connectionRejected: (reason: string) => void reasons.push(reason),
  };
  const running = await startKinds({}, { meter });
  closing.push(running.stop);
  const socket = connect(Number(running.address.split(":")[1]), "127.0.0.1");
  socket.on("error", () => undefined).setNoDelay(true);
  closing.push(() => void socket.destroy());
  await once(socket, "connect");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  const closed = once(socket, "close");
  return { ...running, socket, reasons, chunks, closed };
}

const large = `POST /v1/chat HTTP/1.1\r\ncontent-length: 1000000\r\n\r\n${"x".repeat(1_000_000)}`;

it.each([
  ["GET / HTTP/1.1\r\nhost: x\r\n\r\n"],
  ["OPTIONS * HTTP/1.1\r\n\r\n"],
  ["P", "R", "OPFIND / HTTP/1.1\r\n\r\n"],
  ["PUT / HTTP/1.1\r\n\r\n"],
  [large],
])("answers HTTP/1.1 once, in words, and closes: %j", async (...parts) => {
  const { socket, chunks, closed, reasons } = await open();
  for (const part of parts) await new Promise((sent) => socket.write(part, sent));
  await closed;
  const answer = Buffer.concat(chunks).toString();
  expect(answer).toMatch(/^HTTP\/1\.1 505 HTTP Version Not Supported\r\n/);
  expect(answer).toContain("\r\ncontent-type: text/plain");
  const [, length] = /content-length: (\d+)/.exec(answer) ?? [];
  const [, body = ""] = answer.split("\r\n\r\n");
  expect(body).toMatch(/^This is a gRPC server/);
  expect(body).toHaveLength(Number(length));
  expect(reasons).toEqual(["NOT_HTTP2"]);
});

it("serves HTTP/2 whose first bytes come one by one", async () => {
  const { socket, chunks } = await open();
  const preface = Buffer.concat([
    Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
  ]);
  for (const byte of preface) {
    await new Promise((sent) => socket.write(Buffer.from([byte]), sent));
  }
  // Its SETTINGS, a frame of type 4.
  if (chunks.length === 0) await once(socket, "data");
  expect(Buffer.concat(chunks)[3]).toBe(4);
});

it("serves others while one says nothing, and does not wait for it at its end", async () => {
  const { address, server, closed } = await open();
  const session = rawClient(address);
  const stream = rawRequest(session, kinds.unary.path);
  stream.end(frame(Buffer.from("hello")));
  expect((await ending(stream)).code).toBe(status.OK);
  session.destroy();
  // An hour of grace: only a connection that is closed lets this return.
  await server.drain(3_600_000);
  await closed;
});
