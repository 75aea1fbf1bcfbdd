import { createServer } from "node:net";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import type { ServeError } from "../../src/base/errors.ts";
import { openServer } from "../../src/grpc/server.ts";
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

  it("returns at once where nobody calls", async () => {
    const running = await startKinds({});
    await running.server.drain(3_600_000);
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
