/** TLS and mutual TLS on a real port, and certificates that change under running calls. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { Client, credentials, Metadata, Server, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FollowedTlsFiles, readEveryMs } from "../../src/auth/tls-files.ts";
import type { Log, LogFields } from "../../src/base/log.ts";
import { silentLog } from "../../src/base/log.ts";
import { wallMs } from "../../src/base/clock.ts";
import { silentMeter } from "../../src/base/meter.ts";
import { listen } from "../../src/edge/listen.ts";
import { bindWith } from "../../src/grpc/bind.ts";
import { credentialsOf } from "../../src/grpc/credentials.ts";
import { limitHttp2 } from "../../src/grpc/workarounds/http2-options.ts";
import { doorkeeperFor, keyMeans } from "../fixtures/access.ts";
import { authority, type Pair } from "../fixtures/certificates.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import { addAll, fakeModels, generationModel } from "../grpc/fake-models.ts";
import { call, deferred, detailsOf, kinds, start, startKinds } from "../grpc/support.ts";

const ca = authority("server CA");
const clientCa = authority("client CA");
const server = ca.issue({ name: "localhost", dns: ["localhost"] });

let folder: string;
let clock: FakeClock;
let problems: string[];
const closing: (() => unknown)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "inferd-tls-"));
  clock = new FakeClock();
  problems = [];
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  rmSync(folder, { recursive: true });
});

const log: Log = {
  ...silentLog,
  warn: ({ problem }) => void problems.push(String(problem)),
};

function put(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function follow(pair: Pair, clients?: string): FollowedTlsFiles {
  const files = {
    cert: put("cert.pem", pair.cert),
    key: put("key.pem", pair.key),
    clientCa: clients === undefined ? undefined : put("clients.pem", clients),
  };
  const followed = new FollowedTlsFiles({ files, clock, wallMs, log });
  closing.push(() => followed.close());
  return followed;
}

/** Two readings: one that finds the change, one that finds it steady. */
function settle(): void {
  clock.advance(readEveryMs);
  clock.advance(readEveryMs);
}

async function serveKinds(tlsFiles: FollowedTlsFiles, handlers = {}, options = {}) {
  const running = await startKinds(handlers, { tlsFiles, ...options });
  closing.push(running.stop);
  return `localhost:${running.address.split(":")[1]}`;
}

function clientOf(address: string, roots: string, own?: Pair): Client {
  const channel = credentials.createSsl(
    Buffer.from(roots),
    own === undefined ? null : Buffer.from(own.key),
    own === undefined ? null : Buffer.from(own.cert),
  );
  const client = new Client(address, channel, { "grpc.use_local_subchannel_pool": 1 });
  closing.push(() => client.close());
  return client;
}

/** The certificate that a new connection is shown. */
async function shownBy(address: string): Promise<string> {
  const [host, port] = address.split(":");
  const socket = connect({
    host: "127.0.0.1",
    servername: host,
    port: Number(port),
    ca: [ca.cert],
    ALPNProtocols: ["h2"],
  });
  await once(socket, "secureConnect");
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return raw.toString("base64");
}

const bytesOf = ({ cert }: Pair): string => cert.replace(/-----[^-]+-----|\n/g, "");

it("serves over TLS, and plaintext clients get nothing", async () => {
  const address = await serveKinds(follow(server));
  expect((await call(clientOf(address, ca.cert), "unary", ["hi"])).responses).toEqual(["hi"]);
  const plain = new Client(address, credentials.createInsecure());
  closing.push(() => plain.close());
  expect((await call(plain, "unary", ["hi"])).error?.code).toBe(status.UNAVAILABLE);
});

it.each([
  ["ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256", true],
  ["ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:AES128-SHA", false],
  ["AES128-GCM-SHA256", false],
])("agrees on %s with a client of TLS 1.2: %s", async (ciphers, agrees) => {
  const address = await serveKinds(follow(server));
  const socket = connect({
    host: "127.0.0.1",
    port: Number(address.split(":")[1]),
    ca: [ca.cert],
    servername: "localhost",
    ALPNProtocols: ["h2"],
    maxVersion: "TLSv1.2",
    ciphers,
  });
  closing.push(() => socket.destroy());
  const agreed = once(socket, "secureConnect").then(
    () => true,
    () => false,
  );
  expect(await agreed).toBe(agrees);
});

it("closes a connection whose handshake does not come to its end", async () => {
  const slow = new Server();
  limitHttp2(slow, {
    maxHeaderBytes: 16_384,
    maxResetBurst: 100,
    allowHttp1: false,
    handshakeMs: 20,
  });
  closing.push(() => slow.forceShutdown());
  const place = { host: "127.0.0.1", port: 0, flag: "--port" };
  const port = await listen(place, bindWith(slow, credentialsOf(follow(server))));
  const silent = connectTcp(port, "127.0.0.1");
  await once(silent.on("error", () => undefined).resume(), "close");
});

it("counts a connection as its address's until it is closed", async () => {
  const limits = { maxConnections: 2, maxAddressPercent: 50 };
  const address = await serveKinds(follow(server), {}, limits);
  for (let visit = 0; visit < 3; visit += 1) {
    await vi.waitFor(async () => expect(await shownBy(address)).toBe(bytesOf(server)), {
      timeout: 10_000,
    });
  }
});

it("shows the new certificate to new connections, while calls on old ones go on", async () => {
  const next = ca.issue({ name: "localhost", dns: ["localhost"] });
  const go = deferred();
  const address = await serveKinds(follow(server), {
    serverStream: async function* () {
      yield "before";
      await go.promise;
      yield "after";
    },
  });
  const client = clientOf(address, ca.cert);
  const { path, requestSerialize, responseDeserialize } = kinds.serverStream;
  const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, "go");
  const heard: string[] = [];
  const ended = deferred<ServiceError | undefined>();
  stream.on("data", (text: string) => {
    heard.push(text);
    if (text !== "before") return;
    put("cert.pem", next.cert);
    put("key.pem", next.key);
    settle();
    void shownBy(address).then((shown) => {
      heard.push(shown);
      go.resolve();
    });
  });
  stream.on("error", (error: ServiceError) => ended.resolve(error));
  stream.on("end", () => ended.resolve(undefined));
  expect(await ended.promise).toBeUndefined();
  expect(heard).toEqual(["before", bytesOf(next), "after"]);
  expect((await call(client, "unary", ["still"])).responses).toEqual(["still"]);
});

describe("a certificate that is being replaced", () => {
  const next = ca.issue({ name: "localhost", dns: ["localhost"] });

  it("is not taken with the old key, and is once the new key is there", async () => {
    const address = await serveKinds(follow(server));
    put("cert.pem", next.cert);
    settle();
    expect(await shownBy(address)).toBe(bytesOf(server));
    expect(problems).toEqual(["--tls-cert and --tls-key are not a certificate and its key"]);
    put("key.pem", next.key);
    settle();
    expect(await shownBy(address)).toBe(bytesOf(next));
  });

  it.each([
    ["is cut in the middle", next.cert.slice(0, next.cert.length / 2)],
    ["is empty", ""],
    ["is cut in its chain", next.cert + ca.cert.slice(0, ca.cert.length / 2)],
  ])("is not taken while it %s", async (_, text) => {
    const address = await serveKinds(follow(server));
    put("cert.pem", text);
    put("key.pem", next.key);
    settle();
    expect(await shownBy(address)).toBe(bytesOf(server));
    expect(problems).toHaveLength(1);
  });

  it("is not taken until two readings agree", async () => {
    const address = await serveKinds(follow(server));
    put("cert.pem", next.cert);
    put("key.pem", next.key);
    clock.advance(readEveryMs);
    expect(await shownBy(address)).toBe(bytesOf(server));
    clock.advance(readEveryMs);
    expect(await shownBy(address)).toBe(bytesOf(next));
  });

  it("stays what it was where its file is gone", async () => {
    const address = await serveKinds(follow(server));
    rmSync(join(folder, "cert.pem"));
    settle();
    expect(await shownBy(address)).toBe(bytesOf(server));
    expect(problems).toEqual(["a file cannot be read"]);
  });
});

it("does not start with a key of another certificate", () => {
  const other = ca.issue({ name: "localhost" });
  expect(() => follow({ cert: server.cert, key: other.key })).toThrow(/--tls-cert and --tls-key/);
});

it("does not start with a client CA that holds no certificate", () => {
  expect(() => follow(server, "nothing")).toThrow(/--tls-client-ca/);
});

describe("mutual TLS", () => {
  const robot = clientCa.issue({ name: "robot", uris: ["spiffe://prod/ns/app"] });
  const sources = (ids: readonly string[] = []) => ({
    ...keyMeans([]),
    clients: { scopes: ["models.read"] as const, ids },
  });

  async function serveAll(ids?: readonly string[]): Promise<string> {
    const running = await start((each) => addAll(each, fakeModels([generationModel()])), {
      tlsFiles: follow(server, clientCa.cert),
      authorizer: doorkeeperFor({ sources: sources(ids) }),
    });
    closing.push(running.stop);
    return `localhost:${running.address.split(":")[1]}`;
  }

  function ask(client: Client, method: string): Promise<ServiceError | undefined> {
    const same = (bytes: Buffer): Buffer => bytes;
    return new Promise((resolve) => {
      client.makeUnaryRequest(
        `/inferd.v1.${method}`,
        same,
        same,
        Buffer.alloc(0),
        new Metadata(),
        {},
        (error) => resolve(error ?? undefined),
      );
    });
  }

  it("lets a client in by its certificate, for its scopes", async () => {
    const client = clientOf(await serveAll(), ca.cert, robot);
    expect(await ask(client, "ModelService/ListModels")).toBeUndefined();
    const error = await ask(client, "ServerService/GetServerInfo");
    expect(detailsOf(error)?.reason).toBe("NOT_ALLOWED");
  });

  it.each([
    ["none", undefined],
    ["one of another CA", authority("others").issue({ name: "robot" })],
  ])("lets no client in with %s", async (_, own) => {
    const client = clientOf(await serveAll(), ca.cert, own);
    expect((await ask(client, "ModelService/ListModels"))?.code).toBe(status.UNAVAILABLE);
  });

  it("counts what it refuses, and tells an audit of it", async () => {
    const lines: LogFields[] = [];
    const counted: string[] = [];
    const { address, stop } = await startKinds(
      {},
      {
        tlsFiles: follow(server, clientCa.cert),
        log: { ...silentLog, warn: (fields) => void lines.push(fields) },
        meter: { ...silentMeter, connectionRejected: (reason) => void counted.push(reason) },
      },
    );
    closing.push(stop);
    const port = Number(address.split(":")[1]);
    for (const own of [{}, authority("others").issue({ name: "robot" })]) {
      const socket = connect({ ...own, port, host: "127.0.0.1", rejectUnauthorized: false });
      socket.on("error", () => undefined).resume();
      await new Promise((resolve) => socket.once("close", resolve));
    }
    await vi.waitFor(() => expect(counted).toEqual(["TLS_REFUSED", "TLS_REFUSED"]), {
      timeout: 10_000,
    });
    expect(lines).toEqual([{ audit: true, reason: "TLS_REFUSED", count: 1, host: "127.0.0.1" }]);
  });

  it("lets in only callers that a list of ids names, where there is one", async () => {
    const named = clientOf(await serveAll(["spiffe://prod/*"]), ca.cert, robot);
    expect(await ask(named, "ModelService/ListModels")).toBeUndefined();
    const other = clientOf(await serveAll(["spiffe://test/*"]), ca.cert, robot);
    expect(detailsOf(await ask(other, "ModelService/ListModels"))?.reason).toBe("NOT_ALLOWED");
  });

  it("tells callers apart by their SPIFFE ID", async () => {
    const tlsFiles = follow(server, clientCa.cert);
    const authorizer = doorkeeperFor({ sources: sources() });
    const ids: string[] = [];
    const watched = {
      admit: async (arrival: Parameters<typeof authorizer.admit>[0]) => {
        const permit = await authorizer.admit(arrival);
        ids.push(permit.id);
        return permit;
      },
    };
    const running = await start((each) => addAll(each, fakeModels([generationModel()])), {
      tlsFiles,
      authorizer: watched,
    });
    closing.push(running.stop);
    await ask(
      clientOf(`localhost:${running.address.split(":")[1]}`, ca.cert, robot),
      "ModelService/ListModels",
    );
    expect(ids).toEqual(["spiffe://prod/ns/app"]);
  });

  it("takes the clients of another CA once its file changes", async () => {
    const other = authority("next CA");
    const address = await serveAll();
    put("clients.pem", clientCa.cert + other.cert);
    settle();
    const client = clientOf(address, ca.cert, other.issue({ name: "next" }));
    expect(await ask(client, "ModelService/ListModels")).toBeUndefined();
  });
});

it("serves health and nothing else on the port for probes, in plaintext next to TLS", async () => {
  const running = await startKinds({}, { tlsFiles: follow(server, clientCa.cert) });
  closing.push(running.stop);
  const port = await running.server.listenForProbes("127.0.0.1", 0);
  running.server.health.set("liveness", true);
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  closing.push(() => client.close());
  const same = (bytes: Buffer): Buffer => bytes;
  const ask = (path: string, request: Buffer): Promise<ServiceError | Buffer | undefined> =>
    new Promise((resolve) => {
      client.makeUnaryRequest(path, same, same, request, (error, answer) =>
        resolve(error ?? answer),
      );
    });
  const liveness = Buffer.from([0x0a, 8, ...Buffer.from("liveness")]);
  // status: SERVING
  expect(await ask("/grpc.health.v1.Health/Check", liveness)).toEqual(Buffer.from([8, 1]));
  for (const path of [
    kinds.unary.path,
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  ]) {
    expect(await ask(path, Buffer.alloc(0))).toMatchObject({ code: status.UNIMPLEMENTED });
  }
});
