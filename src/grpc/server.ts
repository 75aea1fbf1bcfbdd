/** The gRPC server: its options, its standard services, how it starts and how it ends. */
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
import { type Gate, openPermit } from "../auth/gate.ts";
import type { FollowedKeyPair } from "../auth/key-pair.ts";
import { ServeError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Handler, Interceptor } from "../calls/call.ts";
import { deadline } from "../calls/deadline.ts";
import { observation } from "../calls/observation.ts";
import { adapt, tolerant } from "./adapter.ts";
import { credentialsOf } from "./credentials.ts";
import { Entrance } from "./entrance.ts";
import { type Health, HealthService } from "./health.ts";
import { allowManyResets } from "./http2.ts";
import { listen } from "./listen.ts";
import { OpenCalls } from "./open-calls.ts";
import { reflectionHandler } from "./reflection.ts";

export interface ServerOptions {
  readonly log: Log;
  /** Says who may call. */
  readonly gate: Pick<Gate, "admit">;
  /** Undefined for plaintext. */
  readonly keyPair: FollowedKeyPair | undefined;
  /** Whether reflection is served; who may use it is the gate's to say. */
  readonly reflection: "scoped" | "open" | "off";
  /** The serialised `FileDescriptorSet` of all services, for reflection. */
  readonly descriptors: Uint8Array;
  readonly maxMessageBytes: number;
  readonly maxConcurrentStreams: number;
  readonly maxCallMs: number;
  readonly keepaliveMs: number;
  /** Zero never asks clients to connect anew. */
  readonly maxConnectionAgeMs: number;
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
  /** Opens a plaintext port with health and nothing else, for probes that know no TLS. */
  listenForProbes(host: string, port: number): Promise<number>;
  /**
   * Takes no more calls, lets running ones finish for `graceMs`, ends those that are left, and closes
   * every connection.
   */
  drain(graceMs: number): Promise<void>;
}

// How long a call that was ended at the end of the grace has to get its status to its caller.
const flushMs = 500;

export function openServer(options: ServerOptions): GrpcServer {
  logThrough(options.log);
  const entrance = new Entrance(options.gate);
  const server = new Server({ ...grpcOptions(options), interceptors: [entrance.interceptor] });
  allowManyResets(server);
  const calls = new OpenCalls((metadata) => entrance.permitOf(metadata));
  const health = new HealthService();
  const services: string[] = [];
  const add = (
    definition: object,
    handlers: object,
    interceptors: readonly Interceptor[],
  ): void => {
    services.push(addTo(server, definition, { handlers, edge: { calls, interceptors } }));
  };
  addStandardServices(options, { health, services, add });
  const now = (): number => performance.now();
  const interceptors = [
    observation(options.log, { quiet: false, now }),
    deadline(options.maxCallMs),
  ];
  const probes = probeServer(options, health);
  return {
    health,
    addService: (definition, handlers) => add(definition, handlers, interceptors),
    listen: (host, port) => listen(server, { host, port }, credentialsOf(options.keyPair)),
    listenForProbes: (host, port) =>
      listen(probes.server, { host, port }, ServerCredentials.createInsecure()),
    drain: async (graceMs) => {
      const leave = (part: Leaving) => drain(part, { health, graceMs });
      await Promise.all([leave({ server, calls }), leave(probes)]);
    },
  };
}

/** A server with health alone. Whoever reaches it may ask: it says no more than that. */
function probeServer(options: ServerOptions, health: HealthService): Leaving {
  const server = new Server(grpcOptions(options));
  allowManyResets(server);
  const caller = openPermit("probe");
  const calls = new OpenCalls(() => caller);
  const interceptors = standardInterceptors(options.log);
  const { definition, handlers } = health;
  addTo(server, definition, { handlers, edge: { calls, interceptors } });
  return { server, calls };
}

/** grpc-js writes to standard error by itself, and has one logger for the whole process. */
function logThrough(log: Log): void {
  const write = (...said: unknown[]): void =>
    log.debug({ said: said.map(String).join(" ") }, "grpc-js");
  setLogger({ error: write, info: write, debug: write });
}

function grpcOptions(options: ServerOptions): GrpcOptions {
  const { maxCallMs, maxConnectionAgeMs } = options;
  return {
    "grpc.max_concurrent_streams": options.maxConcurrentStreams,
    "grpc.max_receive_message_length": options.maxMessageBytes,
    "grpc.keepalive_time_ms": options.keepaliveMs,
    "grpc.keepalive_timeout_ms": 10_000,
    // Channelz stays on: without it, forceShutdown of grpc-js 1.14 closes nothing.
    "grpc.enable_channelz": 1,
    ...(maxConnectionAgeMs > 0 && {
      "grpc.max_connection_age_ms": maxConnectionAgeMs,
      // No call lasts longer, except a Watch, whose client comes back.
      "grpc.max_connection_age_grace_ms": maxCallMs,
    }),
  };
}

type Add = (definition: object, handlers: object, interceptors: readonly Interceptor[]) => void;

/** Health and reflection. Their streams last as long as the caller likes, and are quiet in the log. */
function addStandardServices(
  { log, descriptors, reflection }: ServerOptions,
  parts: {
    readonly health: HealthService;
    readonly services: readonly string[];
    readonly add: Add;
  },
): void {
  const { health, services, add } = parts;
  const interceptors = standardInterceptors(log);
  const serverReflectionInfo = reflectionHandler({ descriptors, services: () => services });
  add(health.definition, health.handlers, interceptors);
  if (reflection === "off") return;
  add(ServerReflectionService, { serverReflectionInfo }, interceptors);
  add(AlphaReflectionService, { serverReflectionInfo }, interceptors);
}

function standardInterceptors(log: Log): readonly Interceptor[] {
  const now = (): number => performance.now();
  return [observation(log, { quiet: true, now }), deadline(Infinity)];
}

/** Whether a method's streams are ended at once when the server drains: nobody loses work by it. */
function isStandard(method: string): boolean {
  return method.startsWith("grpc.");
}

/** Adds a service and returns its full name. */
function addTo(
  server: Server,
  definition: object,
  { handlers, edge }: { readonly handlers: object; readonly edge: Parameters<typeof adapt>[2] },
): string {
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
  return methods[0]?.[1].path.split("/")[1] ?? "";
}

/** A server of grpc-js, and the calls that are open on it. */
interface Leaving {
  readonly server: Server;
  readonly calls: OpenCalls;
}

async function drain(
  { server, calls }: Leaving,
  { health, graceMs }: { readonly health: HealthService; readonly graceMs: number },
): Promise<void> {
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
