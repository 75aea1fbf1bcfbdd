/** The gRPC server: its services, the standard ones among them, how it starts and how it ends. */
import { ServerCredentials } from "@grpc/grpc-js";
import { type Authorizer, openPermit } from "../auth/authorizer.ts";
import type { FollowedTlsFiles } from "../auth/tls-files.ts";
import { ServeError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { type EdgeLoad, type Meter, silentMeter } from "../base/meter.ts";
import type { Caller, Handler } from "../calls/call.ts";
import { deadline } from "../calls/deadline.ts";
import type { Interceptor } from "../calls/intercept.ts";
import { observation } from "../calls/observation.ts";
import { OpenCalls } from "../calls/open-calls.ts";
import type { Descriptors } from "../contract/descriptors.ts";
import type { Methods } from "../contract/methods.ts";
import { standardServices } from "../contract/services.ts";
import { CallAccounts } from "../edge/call-accounts.ts";
import type { ReceiveHttp1 } from "../edge/protocol.ts";
import type { RejectionLog } from "../edge/rejection-log.ts";
import { RequestIds } from "../edge/request-ids.ts";
import type { Method } from "./add-service.ts";
import { AuthInterceptor } from "./auth-interceptor.ts";
import { credentialsOf } from "./credentials.ts";
import { GrpcJsServer } from "./grpc-js-server.ts";
import { type Health, HealthStatuses } from "./health-status.ts";
import { healthHandlers } from "./health-handlers.ts";
import { refuseHttp1 } from "./http1-answer.ts";
import type { GrpcLimits } from "./limits.ts";
import { reflectionHandler } from "./reflection.ts";
import { logThrough } from "./workarounds/library-log.ts";

export interface ServerOptions extends GrpcLimits {
  readonly log: Log;
  /** Undefined counts nothing. */
  readonly meter?: Meter;
  /** Draws an id for a call whose caller gives none. */
  readonly newRequestId: () => string;
  /** Says who may call. */
  readonly authorizer: Pick<Authorizer, "admit">;
  /** Whether the port for probes, which asks for no credential, names models. */
  readonly tellsProbesOfModels: boolean;
  /** Undefined for plaintext. */
  readonly tlsFiles: FollowedTlsFiles | undefined;
  /** Whether reflection is served; the authorizer decides who may use it. */
  readonly reflection: "scoped" | "open" | "off";
  /** The descriptors of all services, for reflection. */
  readonly descriptors: Descriptors;
  /** What each method is. */
  readonly methods: Methods;
  /** What the edge refuses. */
  readonly rejections: RejectionLog;
  /** Takes connections of HTTP/1.1. Undefined answers plaintext ones them that the port serves gRPC alone. */
  readonly http1: ReceiveHttp1 | undefined;
}

type HandlerOf<M> =
  M extends Method<infer I, infer O>
    ? Handler<M["requestStream"] extends true ? AsyncIterable<I> : I, O>
    : never;

/** A handler for each method of a service, by its name in the definition. */
export type HandlersOf<D> = { readonly [K in keyof D]: HandlerOf<D[K]> };

export interface GrpcServer {
  readonly health: Health;
  /** What is open on its port for callers. */
  load(): EdgeLoad;
  addService<D extends object>(definition: D, handlers: HandlersOf<D>): void;
  /** Returns the port, which the system chose where it was 0. Fails with one line that says why. */
  listen(host: string, port: number): Promise<number>;
  /**
   * Opens a plaintext port with health and nothing else, for probes that know no TLS. It stays open
   * until the last call has ended.
   */
  listenForProbes(host: string, port: number): Promise<number>;
  /** Asks clients by health to go elsewhere, and goes on serving. */
  leave(): void;
  /**
   * Takes no more calls, lets running ones finish for `graceMs`, ends those that are left, and closes
   * every connection.
   */
  drain(graceMs: number): Promise<void>;
}

export function openServer(options: ServerOptions): GrpcServer {
  logThrough(options.log);
  const health = new HealthStatuses();
  const { rejections } = options;
  const server = openCallServer(options);
  addStandardServices(server, health, options);
  const probes = openProbeServer(options, health);
  const interceptors = [observed(options, { quiet: false }), deadline(options.maxCallMs)];
  return {
    health,
    load: () => server.load,
    addService: (definition, handlers) => server.add(definition, handlers, interceptors),
    listen: (host, port) =>
      server.listen({ host, port, flag: "--port" }, credentialsOf(options.tlsFiles)),
    listenForProbes: (host, port) =>
      probes.listen({ host, port, flag: "--health-port" }, ServerCredentials.createInsecure()),
    leave: () => health.leave(),
    drain: async (graceMs) => {
      await drain({ server, probes }, health, graceMs);
      rejections.flush();
    },
  };
}

/** The server for callers: the authorizer decides about each call. */
function openCallServer(options: ServerOptions): GrpcJsServer {
  const { rejections } = options;
  const accounts = new CallAccounts(rejections);
  const requestIds = new RequestIds(options.newRequestId);
  const authInterceptor = new AuthInterceptor({
    requestIds,
    authorizer: options.authorizer,
    accounts,
    rejectedUnauthenticated: (call) => server.rejectedUnauthenticated(call),
  });
  const server: GrpcJsServer = new GrpcJsServer({
    limits: options,
    methods: options.methods,
    rejections,
    accounts,
    requestIds,
    calls: new OpenCalls(),
    callerOf: (metadata) => authInterceptor.permitOf(metadata),
    interceptors: [authInterceptor.interceptor],
    http1: options.http1
      ? { receive: options.http1, isServed: true }
      : { receive: refuseHttp1(rejections), isServed: false },
  });
  return server;
}

/**
 * A server with health alone. It asks for no credential, so it tells of models only where no port asks for one.
 */
function openProbeServer(options: ServerOptions, health: HealthStatuses): GrpcJsServer {
  const { rejections } = options;
  const caller: Caller = {
    ...openPermit("probe"),
    readable: () => Promise.resolve(() => options.tellsProbesOfModels),
  };
  const server = new GrpcJsServer({
    limits: options,
    methods: options.methods,
    rejections,
    accounts: new CallAccounts(rejections),
    requestIds: new RequestIds(options.newRequestId),
    calls: new OpenCalls(),
    callerOf: () => caller,
    interceptors: [],
    http1: { receive: refuseHttp1(rejections), isServed: false },
  });
  server.add(standardServices.health, healthHandlers(health), standardInterceptors(options));
  return server;
}

/** Health and reflection. Their streams last as long as the caller likes, and are quiet in the log. */
function addStandardServices(
  server: GrpcJsServer,
  health: HealthStatuses,
  options: ServerOptions,
): void {
  const { descriptors, reflection } = options;
  const interceptors = standardInterceptors(options);
  const serverReflectionInfo = reflectionHandler({ descriptors, services: () => server.services });
  server.add(standardServices.health, healthHandlers(health), interceptors);
  if (reflection === "off") return;
  server.add(standardServices.reflection, { serverReflectionInfo }, interceptors);
  server.add(standardServices.alphaReflection, { serverReflectionInfo }, interceptors);
}

function standardInterceptors(options: ServerOptions): readonly Interceptor[] {
  return [observed(options, { quiet: true }), deadline(Infinity)];
}

function observed(
  { log, meter = silentMeter }: ServerOptions,
  { quiet }: { readonly quiet: boolean },
): Interceptor {
  return observation(log, { meter, quiet, now: () => performance.now() });
}

/** What ends calls when the server ends. */
export const shuttingDown = (): ServeError =>
  new ServeError("SHUTTING_DOWN", "the server is shutting down; try another or later", {
    retryAfterMs: 1000,
  });

async function drain(
  { server, probes }: { readonly server: GrpcJsServer; readonly probes: GrpcJsServer },
  health: HealthStatuses,
  graceMs: number,
): Promise<void> {
  const leaving = shuttingDown();
  health.drain();
  // One turn of the loop, so that those who watch hear of it before their streams end.
  await new Promise((resolve) => setImmediate(resolve));
  await server.drain(leaving, graceMs);
  // To a probe, a closed port is a dead process, so it outlasts the calls. Its own need no grace.
  await probes.drain(leaving, 0);
}
