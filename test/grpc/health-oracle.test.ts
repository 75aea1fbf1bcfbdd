/** The official package's definitions and its implementation, compared with ours. */
import { readFileSync } from "node:fs";
import {
  type Client,
  credentials,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServiceError,
} from "@grpc/grpc-js";
import { HealthImplementation, protoPath } from "grpc-health-check";
import { afterEach, expect, it } from "vitest";
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthListRequest,
  HealthListResponse,
  HealthService,
} from "../../gen/grpc/health/v1/health.ts";
import { start } from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

const withoutComments = (path: string): string =>
  readFileSync(path, "utf8")
    .replace(/\/\/.*$/gm, "")
    .replace(/\s+/g, " ");

it("takes its contract from the official package", () => {
  expect(withoutComments("third_party/grpc/health/v1/health.proto")).toBe(
    withoutComments(protoPath),
  );
});

type Set = (name: string, serving: boolean) => void;

interface Subject {
  readonly set: Set;
  readonly client: Client;
}

const HealthClient = makeGenericClientConstructor(HealthService, "grpc.health.v1.Health");

function connect(address: string): Client {
  const client = new HealthClient(address, credentials.createInsecure());
  closing.push(() => client.close());
  return client;
}

async function ours(): Promise<Subject> {
  const { server, address, stop } = await start(() => undefined);
  closing.push(stop);
  return { set: (name, serving) => server.health.set(name, serving), client: connect(address) };
}

async function theirs(): Promise<Subject> {
  const server = new Server();
  const health = new HealthImplementation();
  health.addToServer(server);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  closing.push(() => server.forceShutdown());
  const set: Set = (name, serving) => health.setStatus(name, serving ? "SERVING" : "NOT_SERVING");
  return { set, client: connect(`127.0.0.1:${port}`) };
}

const write = (service: string): Buffer =>
  Buffer.from(HealthCheckRequest.encode({ service }).finish());
const read = (bytes: Buffer): number => HealthCheckResponse.decode(bytes).status;

/** The status, or the code of the error. */
function check({ client }: Subject, name: string): Promise<string> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(HealthService.check.path, write, read, name, (error, status) =>
      resolve(error === null ? `status ${status}` : `code ${error.code}`),
    );
  });
}

function list({ client }: Subject): Promise<HealthListResponse> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      HealthService.list.path,
      () => Buffer.from(HealthListRequest.encode({}).finish()),
      (bytes: Buffer) => HealthListResponse.decode(bytes),
      {},
      (error: ServiceError | null, value?: HealthListResponse) =>
        value === undefined ? reject(error ?? new Error("no answer")) : resolve(value),
    );
  });
}

/** Hears a name until the end of the test. */
function watch({ client }: Subject, name: string) {
  const stream = client.makeServerStreamRequest(HealthService.watch.path, write, read, name);
  const heard: number[] = [];
  let wake = (): void => undefined;
  stream.on("error", () => undefined);
  stream.on("data", (status: number) => {
    // The package says a status again that was set again; ours says each change once.
    if (heard.at(-1) !== status) heard.push(status);
    wake();
  });
  closing.push(() => stream.cancel());
  const until = async (count: number): Promise<readonly number[]> => {
    while (heard.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return heard;
  };
  return { until };
}

const names = ["", "a.Service", "b.Service", "late.Service"];

/** All that a subject answers to one course of statuses. */
async function answers(subject: Subject): Promise<unknown> {
  const said: unknown[] = [];
  const ask = async (): Promise<void> => {
    said.push(await Promise.all(names.map((name) => check(subject, name))), await list(subject));
  };
  await ask();
  subject.set("", true);
  subject.set("a.Service", false);
  const known = watch(subject, "a.Service");
  const unknown = watch(subject, "late.Service");
  said.push([...(await known.until(1))], [...(await unknown.until(1))]);
  await ask();
  let heard = 1;
  for (const serving of [true, true, false, true]) {
    subject.set("a.Service", serving);
    if (serving !== (heard % 2 === 0)) heard += 1;
    await known.until(heard);
  }
  subject.set("late.Service", true);
  subject.set("b.Service", false);
  said.push([...(await known.until(4))], [...(await unknown.until(2))]);
  await ask();
  return said;
}

it("answers one course of statuses as the official implementation does", async () => {
  expect(await answers(await ours())).toEqual(await answers(await theirs()));
});
