/** What a server says is open on it: what its metrics show, and what must be nothing at rest. */
import { once } from "node:events";
import { createServer } from "node:http2";
import { connect, type AddressInfo, type Socket } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { limitConnections } from "../../src/edge/connections.ts";
import { AddressLimits } from "../../src/edge/address-limits.ts";
import { ending, frame, rawClient, rawRequest } from "./raw.ts";
import { kinds, startKinds } from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

const nothing = { connections: 0, openCalls: 0, uploadBytes: 0 };

it("is a connection, a call on it, and what has come of its request, until each has ended", async () => {
  const { server, address, stop } = await startKinds({});
  closing.push(stop);
  expect(server.load()).toEqual(nothing);
  const session = rawClient(address);
  closing.push(() => session.destroy());
  const stream = rawRequest(session, kinds.unary.path);
  const end = ending(stream);
  stream.write(frame(Buffer.from("hel"), { length: 5 }));
  const half = { connections: 1, openCalls: 1, uploadBytes: 8 };
  await vi.waitFor(() => expect(server.load()).toEqual(half), { timeout: 10_000 });
  stream.end("lo");
  await end;
  await vi.waitFor(() => expect(server.load()).toEqual({ ...nothing, connections: 1 }), {
    timeout: 10_000,
  });
  session.close();
  await vi.waitFor(() => expect(server.load()).toEqual(nothing), { timeout: 10_000 });
});

it("has nothing of a connection that was cut while requests were on their way", async () => {
  const { server, address, stop } = await startKinds({});
  closing.push(stop);
  const session = rawClient(address);
  for (const path of [kinds.unary.path, kinds.bidi.path]) {
    rawRequest(session, path).write(frame(Buffer.from("hel"), { length: 5 }));
  }
  const open = { connections: 1, openCalls: 2, uploadBytes: 16 };
  await vi.waitFor(() => expect(server.load()).toEqual(open), { timeout: 10_000 });
  session.destroy();
  await vi.waitFor(() => expect(server.load()).toEqual(nothing), { timeout: 10_000 });
});

it("counts the connections of all addresses that it listens on together", async () => {
  const refused: string[] = [];
  const limits = {
    maxConnections: 1,
    limits: new AddressLimits({ total: 1, addressPercent: 100 }),
    rejections: { connection: (reason: string) => refused.push(reason) },
    sessionless: new Set<Socket>(),
    http1: { receive: () => undefined, isServed: false },
  };
  const ports = await Promise.all(
    [1, 2].map(async () => {
      const server = createServer();
      limitConnections(server, limits);
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      closing.push(() => void server.close());
      return (server.address() as AddressInfo).port;
    }),
  );
  const [first = 0, second = 0] = ports;
  const session = rawClient(`127.0.0.1:${first}`);
  closing.push(() => session.destroy());
  await once(session, "remoteSettings");
  const other = connect(second, "127.0.0.1");
  other.on("error", () => undefined).resume();
  await once(other, "close");
  expect(refused).toEqual(["TOO_MANY_CONNECTIONS"]);
});
