/**
 * A server of grpc-js: the services on it, the calls that are open on it, the gate before it. All that
 * is set on grpc-js is set here.
 */
import { setTimeout as wait } from "node:timers/promises";
import {
  type Metadata,
  Server,
  type ServerCredentials,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServerOptions as GrpcOptions,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import { idleClock } from "../base/clock.ts";
import type { ServeError } from "../base/errors.ts";
import type { EdgeLoad } from "../base/meter.ts";
import type { Caller, Handler, Interceptor } from "../calls/call.ts";
import type { OpenCalls } from "../calls/open-calls.ts";
import { adapt, type AdapterOptions, tolerant } from "./adapter.ts";
import { beginWith } from "./begin-call.ts";
import { CallStreams } from "./call-streams.ts";
import { limitAge } from "./connection-age.ts";
import type { CallAccounts } from "./call-accounts.ts";
import { GoawaySessions } from "./goaway.ts";
import { prefixBytes } from "./framing.ts";
import { Gate, type GateMethod, type GateOptions } from "./gate.ts";
import { settingsTimeoutMs } from "./settings-timeout.ts";
import {
  http2Servers,
  limitHttp2,
  stopListening,
  widenUploads,
} from "./workarounds/http2-options.ts";
import { limitIdleness } from "./connection-idle.ts";
import { streamOf } from "./workarounds/inner-call.ts";
import type { UploadLimitOptions } from "./upload-limits.ts";
import { listen, type Place } from "./listen.ts";
import { monotonicDeadline } from "./workarounds/monotonic-deadline.ts";
import { answerPingsAfterGoaway } from "./workarounds/pings-after-goaway.ts";
import type { RequestIds } from "./request-ids.ts";
import { explainRefusals } from "./workarounds/library-status.ts";
import { smallMessages } from "./workarounds/small-messages.ts";
import type { RejectionLog } from "./rejection-log.ts";
import { unpackInTurn } from "./workarounds/decompression.ts";

/** What a door takes of its callers; each is a setting. */
export interface GrpcJsLimits {
  readonly maxMessageBytes: number;
  /** Of all requests that are not whole, and of those on one connection. */
  readonly maxUploadBytes: number;
  readonly maxConnectionUploadBytes: number;
  readonly maxUploadMs: number;
  readonly maxConcurrentStreams: number;
  readonly maxCallMs: number;
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  /** Zero keeps idle connections. */
  readonly maxConnectionIdleMs: number;
  /** Zero never asks clients to connect anew. */
  readonly maxConnectionAgeMs: number;
  readonly maxConnections: number;
  /** How many percent of all connections, and of all open calls, may be one address's. */
  readonly maxAddressPercent: number;
  readonly maxOpenCalls: number;
  readonly maxHeaderBytes: number;
  /** Of one connection; so are resets. */
  readonly maxCallsPerSecond: number;
  readonly maxResetBurst: number;
  readonly maxResetsPerSecond: number;
  readonly stallMs: number;
}

export interface GrpcJsServerOptions {
  readonly limits: GrpcJsLimits;
  readonly rejections: Pick<RejectionLog, "connection">;
  readonly accounts: CallAccounts;
  readonly requestIds: RequestIds;
  readonly calls: OpenCalls;
  /** Who makes a call that has been let in, by the metadata that its handler has. */
  readonly callerOf: (metadata: Metadata) => Caller;
  /** grpc-js's own; the first stands nearest to the wire. */
  readonly interceptors: readonly ServerInterceptor[];
}

/** One method as generated: how to read and write it, and which of the four kinds it is. */
export interface Method<I, O> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestDeserialize: (bytes: Buffer) => I;
  readonly responseSerialize: (response: O) => Buffer;
}

// How long a call that was ended at the end of the grace has to get its status to its caller.
export const flushMs = 500;

/** Whether a method's streams are ended at once when the server drains: nobody loses work by it. */
function isStandard(method: string): boolean {
  return method.startsWith("grpc.");
}

/** Owns one server of grpc-js, from its first service to its last connection. */
export class GrpcJsServer {
  readonly #options: GrpcJsServerOptions;
  readonly #server: Server;
  readonly #gate: Gate;
  readonly #begin: ReturnType<typeof beginWith>;
  readonly #sessions = new GoawaySessions(idleClock);
  readonly #services: string[] = [];
  /** By path. */
  readonly #methods = new Map<string, GateMethod>();

  constructor(options: GrpcJsServerOptions) {
    this.#options = options;
    const { limits } = options;
    const streams = new CallStreams();
    this.#begin = beginWith({ ...options, streams });
    this.#gate = new Gate(this.#gateOptions());
    const unpack = unpackInTurn((stream, bytes) => this.#gate.grew(stream, bytes));
    const interceptors = [
      monotonicDeadline,
      options.requestIds.interceptor,
      unpack,
      smallMessages,
      // Before all that answer: it sees the statuses that grpc-js sends by itself.
      explainRefusals({ ...options, streams }),
      ...options.interceptors,
    ];
    this.#server = new Server({ ...grpcOptions(limits), interceptors });
    limitHttp2(this.#server, { ...limits, handshakeMs: settingsTimeoutMs });
  }

  get load(): EdgeLoad {
    return this.#gate.load;
  }

  /** The full names of its services. */
  get services(): readonly string[] {
    return this.#services;
  }

  add(definition: object, handlers: object, interceptors: readonly Interceptor[]): void {
    const { limits } = this.#options;
    const adapter = { begin: this.#begin, stallMs: limits.stallMs, interceptors };
    const added = addTo(this.#server, definition, { handlers, adapter });
    for (const { path, requestStream: sendsStream, responseStream } of added) {
      // Watch and reflection last as long as their callers like.
      const isEndless = responseStream && isStandard(path.slice(1));
      this.#methods.set(path, { sendsStream, maxMs: isEndless ? Infinity : limits.maxCallMs });
    }
    this.#services.push(added[0]?.path.split("/")[1] ?? "");
  }

  /** Opens a port, and returns which. Fails with one line that says why. */
  async listen(place: Place, credentials: ServerCredentials): Promise<number> {
    const port = await listen(this.#server, place, credentials);
    const { limits } = this.#options;
    const sessions = this.#sessions;
    for (const each of http2Servers(this.#server)) {
      this.#gate.guard(each);
      sessions.watch(each);
      answerPingsAfterGoaway(each);
      widenUploads(each);
      limitAge(each, { ...limits, random: Math.random, sessions });
      limitIdleness(each, { idleMs: limits.maxConnectionIdleMs, clock: idleClock, sessions });
    }
    return port;
  }

  /** Counts a call that ended because its caller may not make it, and lets go of its request. */
  rejectedUnauthenticated(call: ServerInterceptingCallInterface): void {
    this.#gate.rejectedUnauthenticated(streamOf(call));
  }

  /**
   * Ends the endless streams, takes no more calls, lets running ones finish for `graceMs`, ends those
   * that are left with `leaving`, and closes every connection.
   */
  async drain(leaving: ServeError, graceMs: number): Promise<void> {
    const { calls } = this.#options;
    calls.abort(leaving, isStandard);
    const cancelWait = new AbortController();
    const grace = async (ms: number): Promise<void> => {
      await wait(ms, undefined, { signal: cancelWait.signal }).catch(() => undefined);
    };
    const graceEnds = grace(graceMs);
    for (const each of http2Servers(this.#server)) stopListening(each);
    this.#gate.closeSilent();
    // Calls that are on their way are served before the server takes no more.
    await Promise.race([this.#sessions.takeLeaveOfAll(), graceEnds]);
    const closed = new Promise<void>((resolve) => {
      this.#server.tryShutdown(() => resolve());
    });
    await Promise.race([closed, graceEnds]);
    calls.close(leaving);
    this.#gate.close(leaving);
    await Promise.race([closed, grace(flushMs)]);
    cancelWait.abort();
    this.#server.forceShutdown();
  }

  #gateOptions(): GateOptions {
    const { limits, rejections, accounts, requestIds } = this.#options;
    return {
      methods: this.#methods,
      maxConnections: limits.maxConnections,
      maxAddressPercent: limits.maxAddressPercent,
      maxOpenCalls: limits.maxOpenCalls,
      callsPerSecond: limits.maxCallsPerSecond,
      resetBurst: limits.maxResetBurst,
      resetsPerSecond: limits.maxResetsPerSecond,
      maxHeaderBytes: limits.maxHeaderBytes,
      uploads: intakeLimits(limits),
      unreadMs: limits.stallMs,
      rejections,
      accounts,
      requestIds,
      clock: idleClock,
    };
  }
}

/** A request that a server takes must find room when it comes alone. */
function intakeLimits(limits: GrpcJsLimits): UploadLimitOptions {
  const leastBytes = limits.maxMessageBytes + prefixBytes;
  return {
    bytes: Math.max(leastBytes, limits.maxUploadBytes),
    connectionBytes: Math.max(leastBytes, limits.maxConnectionUploadBytes),
    uploadMs: limits.maxUploadMs,
  };
}

function grpcOptions(options: GrpcJsLimits): GrpcOptions {
  return {
    "grpc.max_concurrent_streams": options.maxConcurrentStreams,
    "grpc.max_receive_message_length": options.maxMessageBytes,
    "grpc.keepalive_time_ms": options.keepaliveMs,
    "grpc.keepalive_timeout_ms": options.keepaliveTimeoutMs,
    // Channelz stays on: without it, forceShutdown of grpc-js 1.14 closes nothing.
    "grpc.enable_channelz": 1,
  };
}

/** Adds a service and returns its methods. */
function addTo(
  server: Server,
  definition: object,
  { handlers, adapter }: { readonly handlers: object; readonly adapter: AdapterOptions },
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
    implementation[name] = adapt(method, handler, adapter);
  }
  server.addService(tolerantMethods as never, implementation);
  return methods.map(([, method]) => method);
}
