/** The gRPC server: its options, its standard services, how it starts and how it ends. */
import { isIPv6 } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import {
  Server,
  ServerCredentials,
  type ServerOptions as GrpcOptions,
  setLogger,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import { ServerReflectionService } from "../../gen/grpc/reflection/v1/reflection.ts";
import { ServerReflectionService as AlphaReflectionService } from "../../gen/grpc/reflection/v1alpha/reflection.ts";
import { ServeError } from "../base/errors.ts";
import { listenFailure } from "../base/listen.ts";
import type { Log } from "../base/log.ts";
import { type Meter, silentMeter } from "../base/meter.ts";
import type { Handler, Interceptor } from "../calls/call.ts";
import { deadline } from "../calls/deadline.ts";
import { observation } from "../calls/observation.ts";
import { adapt, tolerant } from "./adapter.ts";
import { type Health, HealthService } from "./health.ts";
import { type GateOptions, guard } from "./gate.ts";
import { http2Servers, limitHttp2 } from "./http2.ts";
import { OpenCalls } from "./open-calls.ts";
import { explainRefusals } from "./refusals.ts";
import { reflectionHandler } from "./reflection.ts";

export interface ServerOptions {
  readonly log: Log;
  /** Undefined counts nothing. */
  readonly meter?: Meter;
  /** The serialised `FileDescriptorSet` of all services, for reflection. */
  readonly descriptors: Uint8Array;
  readonly maxMessageBytes: number;
  readonly maxConcurrentStreams: number;
  readonly maxCallMs: number;
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  /** Zero keeps idle connections. */
  readonly maxConnectionIdleMs: number;
  /** Zero never asks clients to connect anew. */
  readonly maxConnectionAgeMs: number;
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
  /** Of one connection; so are resets. */
  readonly maxCallsPerSecond: number;
  readonly maxResetBurst: number;
  readonly maxResetsPerSecond: number;
  readonly stallMs: number;
}

/** One method as generated: how to read and write it, and which of the four kinds it is. */
interface Method<I, O> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestDeserialize: (bytes: Buffer) => I;
  readonly responseSerialize: (response: O) => Buffer;
}

type HandlerOf<M> =
  M extends Method<infer I, infer O>
    ? Handler<M["requestStream"] extends true ? AsyncIterable<I> : I, O>
    : never;

/** A handler for each method of a service, by its name in the definition. */
export type HandlersOf<D> = { readonly [K in keyof D]: HandlerOf<D[K]> };

export interface GrpcServer {
  readonly health: Health;
  addService<D extends object>(definition: D, handlers: HandlersOf<D>): void;
  /** Returns the port, which the system chose where it was 0. Fails with one line that says why. */
  listen(host: string, port: number): Promise<number>;
  /** Asks clients by health to go elsewhere, and goes on serving. */
  leave(): void;
  /**
   * Takes no more calls, lets running ones finish for `graceMs`, ends those that are left, and closes
   * every connection.
   */
  drain(graceMs: number): Promise<void>;
}

// How long a call that was ended at the end of the grace has to get its status to its caller.
const flushMs = 500;

// How much longer than its calls a connection lives: a call that ends by its deadline has to say so.
const endMs = 5000;

export function openServer(options: ServerOptions): GrpcServer {
  logThrough(options.log);
  const server = new Server({ ...grpcOptions(options), interceptors: [explainRefusals] });
  limitHttp2(server, options);
  const calls = new OpenCalls();
  const health = new HealthService();
  const services: string[] = [];
  const paths = new Map<string, { readonly isEndless: boolean }>();
  const { stallMs } = options;
  const add = (
    definition: object,
    handlers: object,
    interceptors: readonly Interceptor[],
  ): void => {
    const edge = { calls, stallMs, interceptors };
    const added = addTo(server, definition, { handlers, edge });
    for (const { path, responseStream } of added) {
      paths.set(path, { isEndless: responseStream && isStandard(path.slice(1)) });
    }
    services.push(added[0]?.path.split("/")[1] ?? "");
  };
  addStandardServices(options, { health, services, add });
  const interceptors = [observed(options, { quiet: false }), deadline(options.maxCallMs)];
  return {
    health,
    addService: (definition, handlers) => add(definition, handlers, interceptors),
    listen: async (host, port) => {
      const bound = await listen(server, host, port);
      for (const each of http2Servers(server)) guard(each, gateOptions(options, paths));
      return bound;
    },
    leave: () => health.leave(),
    drain: (graceMs) => drain(server, { calls, health, graceMs }),
  };
}

/** grpc-js writes to standard error by itself, and has one logger for the whole process. */
function logThrough(log: Log): void {
  const write = (...said: unknown[]): void =>
    log.debug({ said: said.map(String).join(" ") }, "grpc-js");
  setLogger({ error: write, info: write, debug: write });
}

function grpcOptions(options: ServerOptions): GrpcOptions {
  const { maxCallMs, maxConnectionAgeMs, maxConnectionIdleMs } = options;
  return {
    "grpc.max_concurrent_streams": options.maxConcurrentStreams,
    "grpc.max_receive_message_length": options.maxMessageBytes,
    "grpc.keepalive_time_ms": options.keepaliveMs,
    "grpc.keepalive_timeout_ms": options.keepaliveTimeoutMs,
    // Channelz stays on: without it, forceShutdown of grpc-js 1.14 closes nothing.
    "grpc.enable_channelz": 1,
    ...(maxConnectionAgeMs > 0 && {
      "grpc.max_connection_age_ms": maxConnectionAgeMs,
      // No call lasts longer, but for a Watch, whose client comes back: age ends no call.
      "grpc.max_connection_age_grace_ms": maxCallMs + endMs,
    }),
    ...(maxConnectionIdleMs > 0 && { "grpc.max_connection_idle_ms": maxConnectionIdleMs }),
  };
}

function observed(
  { log, meter = silentMeter }: ServerOptions,
  { quiet }: { readonly quiet: boolean },
): Interceptor {
  return observation(log, { meter, quiet, now: () => performance.now() });
}

type Add = (definition: object, handlers: object, interceptors: readonly Interceptor[]) => void;

/** Health and reflection. Their streams last as long as the caller likes, and are quiet in the log. */
function addStandardServices(
  options: ServerOptions,
  parts: {
    readonly health: HealthService;
    readonly services: readonly string[];
    readonly add: Add;
  },
): void {
  const { health, services, add } = parts;
  const { descriptors } = options;
  const interceptors = [observed(options, { quiet: true }), deadline(Infinity)];
  const serverReflectionInfo = reflectionHandler({ descriptors, services: () => services });
  add(health.definition, health.handlers, interceptors);
  add(ServerReflectionService, { serverReflectionInfo }, interceptors);
  add(AlphaReflectionService, { serverReflectionInfo }, interceptors);
}

function gateOptions(
  options: ServerOptions,
  paths: ReadonlyMap<string, { readonly isEndless: boolean }>,
): GateOptions {
  return {
    knows: (path) => paths.has(path),
    maxMs: (path) => (paths.get(path)?.isEndless === true ? Infinity : options.maxCallMs),
    maxConnections: options.maxConnections,
    callsPerSecond: options.maxCallsPerSecond,
    resetBurst: options.maxResetBurst,
    resetsPerSecond: options.maxResetsPerSecond,
    unreadMs: options.stallMs,
    log: options.log,
    now: () => performance.now(),
  };
}

/** Whether a method's streams are ended at once when the server drains: nobody loses work by it. */
function isStandard(method: string): boolean {
  return method.startsWith("grpc.");
}

/** Adds a service and returns its methods. */
function addTo(
  server: Server,
  definition: object,
  { handlers, edge }: { readonly handlers: object; readonly edge: Parameters<typeof adapt>[2] },
): readonly Method<unknown, unknown>[] {
  // `HandlersOf` has paired each method with a handler of its types; the pairing is lost by name here.
  const methods = Object.entries(definition) as [string, Method<unknown, unknown>][];
  const byName = new Map(Object.entries(handlers) as [string, Handler<unknown, unknown>][]);
  const tolerantMethods: Record<string, Method<unknown, unknown>> = {};
  const implementation: Record<string, UntypedHandleCall> = {};
  for (const [name, method] of methods) {
    // proto-loader's definitions have names as in proto, Check; ts-proto's, check.
    const handler = byName.get(name) ?? byName.get(name.charAt(0).toLowerCase() + name.slice(1));
    if (handler === undefined) throw new Error(`bug: nothing handles ${method.path}`);
    tolerantMethods[name] = { ...method, requestDeserialize: tolerant(method.requestDeserialize) };
    implementation[name] = adapt(method, handler, edge);
  }
  server.addService(tolerantMethods as never, implementation);
  return methods.map(([, method]) => method);
}

function listen(server: Server, host: string, port: number): Promise<number> {
  const address = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else {
        const why = listenFailure(error.message, { host, port, flag: "--port" });
        reject(new Error(why, { cause: error }));
      }
    });
  });
}

async function drain(
  server: Server,
  parts: { readonly calls: OpenCalls; readonly health: HealthService; readonly graceMs: number },
): Promise<void> {
  const { calls, health, graceMs } = parts;
  const leaving = new ServeError(
    "SHUTTING_DOWN",
    "the server is shutting down; try another or later",
    {
      retryAfterMs: 1000,
    },
  );
  health.drain();
  // One turn of the loop, so that those who watch hear of it before their streams end.
  await new Promise((resolve) => setImmediate(resolve));
  calls.abort(leaving, isStandard);
  const closed = new Promise<void>((resolve) => {
    server.tryShutdown(() => resolve());
  });
  const cancelWait = new AbortController();
  const grace = async (ms: number): Promise<void> => {
    await wait(ms, undefined, { signal: cancelWait.signal }).catch(() => undefined);
  };
  await Promise.race([closed, grace(graceMs)]);
  calls.close(leaving);
  await Promise.race([closed, grace(flushMs)]);
  cancelWait.abort();
  server.forceShutdown();
}
