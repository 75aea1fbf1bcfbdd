import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import { makeGenericClientConstructor } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthListRequest,
  HealthListResponse,
  HealthService,
} from "../../gen/grpc/health/v1/health.ts";
import type { GrpcServer } from "../../src/grpc/server.ts";
import { detailsOf, start } from "./support.ts";

const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

async function open(statuses: Readonly<Record<string, boolean>>) {
  const running = await start((server: GrpcServer) => {
    for (const [name, serving] of Object.entries(statuses)) server.health.set(name, serving);
  });
  const Client = makeGenericClientConstructor(HealthService, "grpc.health.v1.Health");
  const client = new Client(running.address, credentials.createInsecure());
  closing.push(running.stop, () => client.close());
  return { ...running, client };
}

type Opened = Awaited<ReturnType<typeof open>>;

const readResponse = (bytes: Buffer) => HealthCheckResponse.decode(bytes).status;

function check({ client }: Opened, service: string): Promise<number | ServiceError> {
  const write = (name: string) =>
    Buffer.from(HealthCheckRequest.encode({ service: name }).finish());
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      HealthService.check.path,
      write,
      readResponse,
      service,
      (error, value) => resolve(error ?? value!),
    );
  });
}

/** Watches a name; `next` gives each status, then the error that the stream ended with. */
function watch({ client }: Opened, service: string) {
  const write = (name: string) =>
    Buffer.from(HealthCheckRequest.encode({ service: name }).finish());
  const stream = client.makeServerStreamRequest(
    HealthService.watch.path,
    write,
    readResponse,
    service,
  );
  const seen: (number | ServiceError)[] = [];
  let wake = (): void => undefined;
  const note = (value: number | ServiceError) => {
    seen.push(value);
    wake();
  };
  stream.on("data", note);
  stream.on("error", note);
  const next = async (): Promise<number | ServiceError> => {
    while (seen.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return seen.shift()!;
  };
  return { stream, next, seen };
}

describe("health", () => {
  it("answers for each name, and knows no others", async () => {
    const opened = await open({ "": true, "model:a": false });
    expect(await check(opened, "")).toBe(SERVING);
    expect(await check(opened, "model:a")).toBe(NOT_SERVING);
    const unknown = await check(opened, "nothing");
    expect(unknown).toMatchObject({ code: status.NOT_FOUND });
    expect(detailsOf(unknown as ServiceError)?.reason).toBe("SERVICE_NOT_FOUND");
  });

  it("lists all names, however many models there are", async () => {
    const names = Array.from({ length: 200 }, (_, index) => `model:${index}`);
    const models = Object.fromEntries(names.map((name) => [name, true]));
    const opened = await open({ "": true, readiness: false, ...models });
    const write = () => Buffer.from(HealthListRequest.encode({}).finish());
    const listed = await new Promise<HealthListResponse>((resolve, reject) => {
      opened.client.makeUnaryRequest(
        HealthService.list.path,
        write,
        (bytes: Buffer) => HealthListResponse.decode(bytes),
        {},
        (error, value) => (error === null ? resolve(value!) : reject(error)),
      );
    });
    expect(listed.statuses).toEqual({
      "": { status: SERVING },
      readiness: { status: NOT_SERVING },
      ...Object.fromEntries(names.map((name) => [name, { status: SERVING }])),
    });
  });

  it("tells watchers each change once, also of a name that comes and goes", async () => {
    const opened = await open({});
    const { stream, next } = watch(opened, "model:a");
    expect(await next()).toBe(SERVICE_UNKNOWN);
    opened.server.health.set("model:a", false);
    expect(await next()).toBe(NOT_SERVING);
    opened.server.health.set("model:a", false);
    // Answered after whatever the watch had to say.
    expect(await check(opened, "model:a")).toBe(NOT_SERVING);
    opened.server.health.set("model:a", true);
    expect(await next()).toBe(SERVING);
    opened.server.health.forget("model:a");
    expect(await next()).toBe(SERVICE_UNKNOWN);
    expect(await check(opened, "model:a")).toMatchObject({ code: status.NOT_FOUND });
    stream.cancel();
    expect(await next()).toMatchObject({ code: status.CANCELLED });
  });

  it("refuses to watch a name that is longer than any can be", async () => {
    const { next } = watch(await open({}), "x".repeat(257));
    expect(await next()).toMatchObject({ code: status.NOT_FOUND });
  });

  const probe = ".tools/bin/grpc-health-probe";
  it.runIf(existsSync(probe))("satisfies the probe that Kubernetes users know", async () => {
    const { address } = await open({ "": true, readiness: false });
    const run = (service: string) =>
      promisify(execFile)(probe, [`-addr=${address}`, `-service=${service}`]).then(
        () => 0,
        (error: unknown) => (error as { readonly code?: number }).code,
      );
    expect([await run(""), await run("readiness"), await run("nothing")]).toEqual([0, 4, 3]);
  });

  it("asks clients to leave while it still serves, and tells the kubelet nothing of it", async () => {
    const names = [
      "",
      "inferd.v1.GenerationService",
      "model:a",
      "liveness",
      "readiness",
      "startup",
    ];
    const opened = await open(Object.fromEntries(names.map((name) => [name, true])));
    const { stream, next } = watch(opened, "model:a");
    expect(await next()).toBe(SERVING);
    opened.server.leave();
    expect(await next()).toBe(NOT_SERVING);
    const said = await Promise.all(names.map((name) => check(opened, name)));
    const [off, on] = [NOT_SERVING, SERVING];
    expect(said).toEqual([off, off, off, on, on, on]);
    // What loads or fails meanwhile changes nothing.
    opened.server.health.set("model:a", true);
    opened.server.health.set("readiness", false);
    expect(await check(opened, "model:a")).toBe(NOT_SERVING);
    expect(await check(opened, "readiness")).toBe(NOT_SERVING);
    stream.cancel();
    await next();
  });

  it("ends its watches at shutdown, after it told them", async () => {
    const opened = await open({ "": true, liveness: true });
    const whole = watch(opened, "");
    const alive = watch(opened, "liveness");
    expect([await whole.next(), await alive.next()]).toEqual([SERVING, SERVING]);
    // An hour of grace: only a watch that the server ends lets this return.
    const drained = opened.server.drain(3_600_000);
    expect(await whole.next()).toBe(NOT_SERVING);
    const ended = await whole.next();
    expect(ended).toMatchObject({ code: status.UNAVAILABLE });
    expect(detailsOf(ended as ServiceError)?.reason).toBe("SHUTTING_DOWN");
    expect(await alive.next()).toMatchObject({ code: status.UNAVAILABLE });
    await drained;
  });
});
