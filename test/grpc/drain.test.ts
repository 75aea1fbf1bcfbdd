import { once } from "node:events";
import { createServer } from "node:net";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
} from "../../gen/grpc/health/v1/health.ts";
import type { ServeError } from "../../src/base/errors.ts";
import { openServer } from "../../src/grpc/server.ts";
import { probe } from "../kubelet/probe.ts";
import { ending, frame, rawClient, rawRequest } from "./raw.ts";
import {
  call,
  deferred,
  detailsOf,
  kinds,
  kindsClient,
  serverOptions,
  startKinds,
} from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

/** A server with one stream that has begun and waits for `gate`. */
async function withRunningStream() {
  const gate = deferred();
  const reason = deferred<ServeError | undefined>();
  const running = await startKinds({
    serverStream: async function* (_, { signal }) {
      yield "begun";
      await Promise.race([
        gate.promise,
        new Promise((resolve) => signal.addEventListener("abort", resolve)),
      ]);
      reason.resolve(signal.reason as ServeError | undefined);
      yield "done";
    },
  });
  const client = kindsClient(running.address);
  closing.push(running.stop, () => client.close());
  const { path, requestSerialize, responseDeserialize } = kinds.serverStream;
  const stream = client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    "x",
    new Metadata(),
  );
  const seen: string[] = [];
  const begun = deferred();
  stream.on("data", (text: string) => {
    seen.push(text);
    begun.resolve();
  });
  const ended = new Promise<ServiceError | undefined>((resolve) => {
    stream.on("error", resolve);
    stream.on("end", () => resolve(undefined));
  });
  await begun.promise;
  return { ...running, gate, reason, seen, ended };
}

describe("a server that drains", () => {
  it("lets running calls finish, and takes no new ones", async () => {
    const { server, address, gate, seen, ended } = await withRunningStream();
    const drained = server.drain(3_600_000);
    const late = kindsClient(address);
    closing.push(() => late.close());
    const { error } = await call(late, "unary", ["x"]);
    expect(error?.code).toBe(status.UNAVAILABLE);
    gate.resolve();
    await drained;
    expect(await ended).toBeUndefined();
    expect(seen).toEqual(["begun", "done"]);
  });

  it("ends calls that are left after the grace, and tells them why", async () => {
    const { server, reason, ended } = await withRunningStream();
    await server.drain(50);
    const error = await ended;
    expect(error?.code).toBe(status.UNAVAILABLE);
    expect(detailsOf(error)).toMatchObject({ reason: "SHUTTING_DOWN", retryMs: 1000 });
    expect((await reason.promise)?.reason).toBe("SHUTTING_DOWN");
  });

  it("does so even where a handler does not listen", async () => {
    const running = await startKinds({
      unary: async function* () {
        yield* [];
        await new Promise(() => undefined);
      },
    });
    const client = kindsClient(running.address);
    closing.push(() => client.close());
    const answer = call(client, "unary", ["x"]);
    const second = call(client, "bidi", ["y"]);
    await second;
    await running.server.drain(0);
    expect((await answer).error?.code).toBe(status.UNAVAILABLE);
  });

  it("returns at once where no call is open", async () => {
    const running = await startKinds({});
    await running.server.drain(3_600_000);
  });
});

/** A server with a running stream and a port for probes. */
async function withProbes() {
  const running = await withRunningStream();
  const { server } = running;
  for (const name of ["", "liveness", "readiness"]) server.health.set(name, true);
  const probes = `127.0.0.1:${await server.listenForProbes("127.0.0.1", 0)}`;
  const ask = async (service: string) =>
    (await probe({ address: probes, service, timeoutMs: 10_000 })).why;
  return { ...running, probes, ask };
}

/** Watches a name from below; fulfilled once the first status is there. */
async function watched(address: string, service: string) {
  const session = rawClient(address);
  closing.push(() => session.destroy());
  const stream = rawRequest(session, "/grpc.health.v1.Health/Watch");
  const ended = ending(stream);
  stream.end(frame(HealthCheckRequest.encode({ service }).finish()));
  await once(stream, "data");
  return { stream, ended };
}

const saying = (...statuses: Serving[]): Buffer =>
  Buffer.concat(statuses.map((status) => frame(HealthCheckResponse.encode({ status }).finish())));

/** Fulfilled once no client can connect to call. */
async function closed(address: string): Promise<void> {
  const late = kindsClient(address);
  closing.push(() => late.close());
  expect((await call(late, "unary", ["x"])).error?.code).toBe(status.UNAVAILABLE);
}

describe("the port for probes", () => {
  it("says that the server lives and is not ready for as long as calls run, then closes", async () => {
    const { server, address, gate, ended, ask } = await withProbes();
    const drained = server.drain(3_600_000);
    await closed(address);
    expect([await ask("liveness"), await ask("readiness"), await ask("")]).toEqual([
      "",
      `health ${Serving.NOT_SERVING}`,
      `health ${Serving.NOT_SERVING}`,
    ]);
    gate.resolve();
    await drained;
    expect(await ended).toBeUndefined();
    expect(await ask("liveness")).toContain("ECONNREFUSED");
  });

  it("tells those who watch, and ends their streams after the last call", async () => {
    const { server, address, gate, probes } = await withProbes();
    const alive = await watched(probes, "liveness");
    const ready = await watched(probes, "readiness");
    // An hour of grace: only a watch that the server ends lets this return.
    const drained = server.drain(3_600_000);
    await closed(address);
    expect([alive, ready].map(({ stream }) => stream.closed)).toEqual([false, false]);
    gate.resolve();
    await drained;
    const ends = await Promise.all([alive.ended, ready.ended]);
    expect(ends.map(({ details }) => details?.reason)).toEqual(["SHUTTING_DOWN", "SHUTTING_DOWN"]);
    expect(ends.map(({ body }) => body)).toEqual([
      saying(Serving.SERVING),
      saying(Serving.SERVING, Serving.NOT_SERVING),
    ]);
  });
});

describe("a server that cannot listen", () => {
  it("says in one line that its port is in use", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    closing.push(() => new Promise((resolve) => other.close(() => resolve())));
    const taken = other.address();
    const port = typeof taken === "object" && taken !== null ? taken.port : 0;
    const server = openServer(serverOptions);
    closing.push(() => server.drain(0));
    await expect(server.listen("127.0.0.1", port)).rejects.toThrow(
      `port ${port} on 127.0.0.1 is in use; stop what listens there, or choose another with --port`,
    );
  });

  it("says that an address is not its machine's", async () => {
    const server = openServer(serverOptions);
    closing.push(() => server.drain(0));
    await expect(server.listen("192.0.2.1", 0)).rejects.toThrow("no such address");
  });

  it("takes an IPv6 address", async () => {
    const server = openServer(serverOptions);
    closing.push(() => server.drain(0));
    // Where the machine has no IPv6 at all, the failure is about the address and not about its form.
    const port = await server.listen("::1", 0).catch((error: unknown) => String(error));
    expect(typeof port === "number" || port.includes("no such address")).toBe(true);
  });
});
