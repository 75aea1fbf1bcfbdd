/** A real server on a free port, a service with one method of each kind, and real clients. */
import { randomUUID } from "node:crypto";
import {
  type Client,
  type ClientOptions,
  type ClientReadableStream,
  credentials,
  makeGenericClientConstructor,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import {
  BadRequest,
  ErrorInfo,
  Help,
  ResourceInfo,
  RetryInfo,
} from "../../gen/google/rpc/error_details.ts";
import { Status } from "../../gen/google/rpc/status.ts";
import { openPermit } from "../../src/auth/authorizer.ts";
import { idleClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { silentMeter } from "../../src/base/meter.ts";
import type { Handler } from "../../src/calls/call.ts";
import { readDescriptors } from "../../src/contract/descriptors.ts";
import { type Methods, methods } from "../../src/contract/methods.ts";
import { RejectionLog } from "../../src/edge/rejection-log.ts";
import { type GrpcServer, openServer, type ServerOptions } from "../../src/grpc/server.ts";

export const descriptors = readDescriptors();

const text = {
  requestSerialize: (value: string): Buffer => Buffer.from(value),
  requestDeserialize: (bytes: Buffer): string => {
    if (bytes[0] === 0xff) throw new RangeError("not the message");
    return bytes.toString();
  },
  responseSerialize: (value: string): Buffer => Buffer.from(value),
  responseDeserialize: (bytes: Buffer): string => bytes.toString(),
};

/** One method of each kind; its messages are texts, and bytes that begin with 0xff are none. */
export const kinds = {
  unary: { path: "/test.Kinds/Unary", requestStream: false, responseStream: false, ...text },
  serverStream: {
    path: "/test.Kinds/ServerStream",
    requestStream: false,
    responseStream: true,
    ...text,
  },
  clientStream: {
    path: "/test.Kinds/ClientStream",
    requestStream: true,
    responseStream: false,
    ...text,
  },
  bidi: { path: "/test.Kinds/Bidi", requestStream: true, responseStream: true, ...text },
} as const;

/** The contract, and these. */
const withKinds: Methods = new Map([
  ...methods,
  ...Object.values(kinds).map(({ path }) => [path.slice(1), { needs: "open" }] as const),
]);

const rejectionsOf = ({ log = silentLog, meter = silentMeter }: Partial<ServerOptions>) =>
  new RejectionLog({ log, meter, clock: idleClock });

export const serverOptions: ServerOptions = {
  log: silentLog,
  newRequestId: randomUUID,
  authorizer: { admit: ({ host }) => Promise.resolve(openPermit(host)) },
  tellsProbesOfModels: true,
  tlsFiles: undefined,
  reflection: "open",
  http1: undefined,
  rejections: rejectionsOf({}),
  descriptors,
  methods: withKinds,
  maxMessageBytes: 1024 * 1024,
  maxUploadBytes: 64 * 1024 * 1024,
  maxConnectionUploadBytes: 16 * 1024 * 1024,
  maxUploadMs: 60_000,
  maxConcurrentStreams: 1000,
  maxCallMs: 600_000,
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  maxConnectionIdleMs: 0,
  maxConnectionAgeMs: 0,
  maxConnections: 1000,
  maxAddressPercent: 100,
  maxOpenCalls: 100_000,
  maxHeaderBytes: 16_384,
  maxCallsPerSecond: 100_000,
  maxResetBurst: 10_000,
  maxResetsPerSecond: 1000,
  stallMs: 60_000,
};

export interface Running {
  readonly server: GrpcServer;
  readonly address: string;
  readonly stop: () => Promise<void>;
}

export async function start(
  addServices: (server: GrpcServer) => void,
  options: Partial<ServerOptions> = {},
): Promise<Running> {
  const server = openServer({
    ...serverOptions,
    rejections: rejectionsOf(options),
    ...options,
  });
  addServices(server);
  const port = await server.listen("127.0.0.1", 0);
  return { server, address: `127.0.0.1:${port}`, stop: () => server.drain(0) };
}

export interface KindHandlers {
  readonly unary: Handler<string, string>;
  readonly serverStream: Handler<string, string>;
  readonly clientStream: Handler<AsyncIterable<string>, string>;
  readonly bidi: Handler<AsyncIterable<string>, string>;
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* echo(request: string): AsyncGenerator<string> {
  yield request;
}

async function* echoEach(requests: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const request of requests) yield request;
}

async function* joinAll(requests: AsyncIterable<string>): AsyncGenerator<string> {
  const all: string[] = [];
  for await (const request of requests) all.push(request);
  yield all.join(",");
}

export const echoes: KindHandlers = {
  unary: echo,
  serverStream: echo,
  clientStream: joinAll,
  bidi: echoEach,
};

export function startKinds(
  handlers: Partial<KindHandlers>,
  options: Partial<ServerOptions> = {},
): Promise<Running> {
  return start((server) => server.addService(kinds, { ...echoes, ...handlers }), options);
}

const KindsClient = makeGenericClientConstructor(kinds, "test.Kinds");

export function kindsClient(address: string, options: ClientOptions = {}): Client {
  return new KindsClient(address, credentials.createInsecure(), options);
}

export interface Answer {
  readonly responses: readonly string[];
  /** Undefined where the call went well. */
  readonly error: ServiceError | undefined;
}

export interface CallOptions {
  readonly deadline?: number;
}

/** Calls a method of any kind and gathers what comes. */
export function call(
  client: Client,
  kind: keyof typeof kinds,
  requests: readonly string[],
  options: CallOptions = {},
): Promise<Answer> {
  const { path, requestStream, responseStream } = kinds[kind];
  const { requestSerialize: write, responseDeserialize: read } = text;
  const metadata = new Metadata();
  return new Promise((resolve) => {
    const responses: string[] = [];
    const end = (error?: ServiceError | null): void =>
      resolve({ responses, error: error ?? undefined });
    const once = (error: ServiceError | null, value?: string): void => {
      if (value !== undefined) responses.push(value);
      end(error);
    };
    if (!requestStream && !responseStream) {
      client.makeUnaryRequest(path, write, read, requests[0] ?? "", metadata, options, once);
      return;
    }
    if (requestStream && !responseStream) {
      const stream = client.makeClientStreamRequest(path, write, read, metadata, options, once);
      for (const request of requests) stream.write(request);
      stream.end();
      return;
    }
    const listen = (stream: ClientReadableStream<string>): void => {
      stream.on("data", (value: string) => responses.push(value));
      stream.on("error", (error: ServiceError) => end(error));
      stream.on("status", ({ code }) => {
        if (code === status.OK) end();
      });
    };
    if (!requestStream) {
      listen(
        client.makeServerStreamRequest(path, write, read, requests[0] ?? "", metadata, options),
      );
      return;
    }
    const stream = client.makeBidiStreamRequest(path, write, read, metadata, options);
    listen(stream);
    for (const request of requests) stream.write(request);
    stream.end();
  });
}

export interface Details {
  readonly reason: string;
  readonly domain: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly violations: readonly {
    readonly field: string;
    readonly reason: string;
    readonly description: string;
  }[];
  /** What was not found. */
  readonly resource: { readonly resourceType: string; readonly resourceName: string } | undefined;
  /** Links. */
  readonly help: readonly string[];
  readonly retryMs: number | undefined;
  readonly bytes: number;
}

/** Reads an error as a client with the standard library of its language would. */
export function detailsOf(error: { readonly metadata: Metadata } | undefined): Details | undefined {
  const [raw] = error?.metadata.get("grpc-status-details-bin") ?? [];
  if (!Buffer.isBuffer(raw)) return undefined;
  const find = (name: string): Buffer | undefined =>
    Status.decode(raw).details.find(
      ({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${name}`,
    )?.value;
  const info = ErrorInfo.decode(find("ErrorInfo") ?? Buffer.alloc(0));
  const violations = BadRequest.decode(find("BadRequest") ?? Buffer.alloc(0)).fieldViolations;
  const retry = RetryInfo.decode(find("RetryInfo") ?? Buffer.alloc(0)).retryDelay;
  const resource = find("ResourceInfo");
  return {
    reason: info.reason,
    domain: info.domain,
    facts: info.metadata,
    violations: violations.map(({ field, reason, description }) => ({
      field,
      reason,
      description,
    })),
    resource: resource && ResourceInfo.decode(resource),
    help: Help.decode(find("Help") ?? Buffer.alloc(0)).links.map(({ url }) => url),
    retryMs: retry && Number(retry.seconds) * 1000 + retry.nanos / 1e6,
    bytes: raw.length,
  };
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

/** A promise and what resolves it. */
export function deferred<T = void>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((take) => {
    resolve = take;
  });
  return { promise, resolve };
}
