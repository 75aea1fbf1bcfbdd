/** A server of grpc-js behind the edge: the services on it, the calls that are open on it, how it ends. */
import { setTimeout as wait } from "node:timers/promises";
import {
  type Metadata,
  Server,
  type ServerCredentials,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import { idleClock } from "../base/clock.ts";
import type { ServeError } from "../base/errors.ts";
import type { EdgeLoad } from "../base/meter.ts";
import { statusFlushMs } from "../base/shutdown-budget.ts";
import type { Caller } from "../calls/call.ts";
import type { Interceptor } from "../calls/intercept.ts";
import type { OpenCalls } from "../calls/open-calls.ts";
import type { Methods } from "../contract/methods.ts";
import type { CallAccounts } from "../edge/call-accounts.ts";
import { listen, type Place } from "../edge/listen.ts";
import { Listener } from "../edge/listener.ts";
import type { Http1 } from "../edge/protocol.ts";
import type { RejectionLog } from "../edge/rejection-log.ts";
import type { RequestIds } from "../edge/request-ids.ts";
import { settingsTimeoutMs } from "../edge/settings-timeout.ts";
import { addService } from "./add-service.ts";
import { beginWith } from "./begin-call.ts";
import { bindWith } from "./bind.ts";
import { CallStreams } from "./call-streams.ts";
import { grpcProtocol, type ServedMethod, servedMethod } from "./examine.ts";
import { type GrpcLimits, grpcJsOptions, uploadLimits } from "./limits.ts";
import { unpackInTurn } from "./workarounds/decompression.ts";
import { http2Servers, limitHttp2 } from "./workarounds/http2-options.ts";
import { streamOf } from "./workarounds/inner-call.ts";
import { explainRefusals } from "./workarounds/library-status.ts";
import { monotonicDeadline } from "./workarounds/monotonic-deadline.ts";
import { answerPingsAfterGoaway } from "./workarounds/pings-after-goaway.ts";
import { tellRequestId } from "./workarounds/request-id-metadata.ts";
import { messageBatches } from "./workarounds/message-batches.ts";
import { smallMessages } from "./workarounds/small-messages.ts";
import { takeStreams } from "./workarounds/stream-listeners.ts";

export interface GrpcJsServerOptions {
  readonly limits: GrpcLimits;
  readonly rejections: Pick<RejectionLog, "connection">;
  readonly accounts: CallAccounts;
  readonly requestIds: RequestIds;
  readonly calls: OpenCalls;
  /** What each method is: one that is not among them cannot be served. */
  readonly methods: Methods;
  /** Who makes a call that has been let in, by the metadata that its handler has. */
  readonly callerOf: (metadata: Metadata) => Caller;
  /** grpc-js's own; the first stands nearest to the wire. */
  readonly interceptors: readonly ServerInterceptor[];
  readonly http1: Http1;
}

/** Owns one server of grpc-js, from its first service to its last connection. */
export class GrpcJsServer {
  readonly #options: GrpcJsServerOptions;
  readonly #server: Server;
  readonly #listener: Listener;
  readonly #begin: ReturnType<typeof beginWith>;
  readonly #services: string[] = [];
  /** By path. */
  readonly #methods = new Map<string, ServedMethod>();

  constructor(options: GrpcJsServerOptions) {
    this.#options = options;
    const { limits } = options;
    const streams = new CallStreams();
    this.#begin = beginWith({ ...options, streams });
    this.#listener = listenerOf(options, this.#methods);
    this.#server = new Server({
      ...grpcJsOptions(limits),
      interceptors: [...this.#workarounds(streams), ...options.interceptors],
    });
    limitHttp2(this.#server, {
      ...limits,
      handshakeMs: settingsTimeoutMs,
      allowHttp1: options.http1.isServed,
    });
  }

  get load(): EdgeLoad {
    return this.#listener.load;
  }

  /** The full names of its services. */
  get services(): readonly string[] {
    return this.#services;
  }

  add(definition: object, handlers: object, interceptors: readonly Interceptor[]): void {
    const { limits, methods } = this.#options;
    const adapter = { begin: this.#begin, stallMs: limits.stallMs, interceptors };
    const added = addService(this.#server, { definition, handlers, adapter });
    for (const { path, requestStream: sendsStream } of added) {
      const method = methods.get(path.slice(1));
      if (method === undefined) throw new Error(`bug: the contract does not know ${path}`);
      const maxMs = method.isEndless ? Infinity : limits.maxCallMs;
      this.#methods.set(path, servedMethod({ path, sendsStream, maxMs }));
    }
    this.#services.push(added[0]?.path.split("/")[1] ?? "");
  }

  /** Opens a port, and returns which. Fails with one line that says why. */
  async listen(place: Place, credentials: ServerCredentials): Promise<number> {
    const port = await listen(place, bindWith(this.#server, credentials));
    for (const each of http2Servers(this.#server)) {
      this.#listener.guard(each, takeStreams(each));
      answerPingsAfterGoaway(each);
    }
    return port;
  }

  /** Counts a call that ended because its caller may not make it, and lets go of its request. */
  rejectedUnauthenticated(call: ServerInterceptingCallInterface): void {
    this.#listener.rejectedUnauthenticated(streamOf(call));
  }

  /**
   * Ends the endless streams, takes no more calls, lets running ones finish for `graceMs`, ends those
   * that are left with `leaving`, and closes every connection.
   */
  async drain(leaving: ServeError, graceMs: number): Promise<void> {
    const { calls, methods } = this.#options;
    calls.abort(leaving, (method) => methods.get(method)?.isEndless === true);
    const cancelWait = new AbortController();
    const grace = async (ms: number): Promise<void> => {
      await wait(ms, undefined, { signal: cancelWait.signal }).catch(() => undefined);
    };
    const graceEnds = grace(graceMs);
    this.#listener.stopListening();
    // Calls that are on their way are served before the server takes no more.
    await Promise.race([this.#listener.sendGoaways(), graceEnds]);
    const closed = new Promise<void>((resolve) => {
      this.#server.tryShutdown(() => resolve());
    });
    await Promise.race([closed, graceEnds]);
    calls.close(leaving);
    this.#listener.closeUploads(leaving);
    await Promise.race([closed, grace(statusFlushMs)]);
    cancelWait.abort();
    this.#server.forceShutdown();
  }

  /** In this order: the first stands nearest to the wire, and the last sees the statuses that grpc-js sends on its own. */
  #workarounds(streams: CallStreams): readonly ServerInterceptor[] {
    const { accounts, requestIds } = this.#options;
    return [
      monotonicDeadline,
      tellRequestId((stream) => requestIds.of(stream)),
      unpackInTurn((stream, bytes) => this.#listener.grew(stream, bytes)),
      smallMessages,
      messageBatches,
      explainRefusals({ accounts, requestIds, streams }),
    ];
  }
}

function listenerOf(
  { limits, rejections, accounts, requestIds, http1 }: GrpcJsServerOptions,
  methods: ReadonlyMap<string, ServedMethod>,
): Listener {
  return new Listener({
    limits,
    uploads: uploadLimits(limits),
    protocol: grpcProtocol(methods),
    http1,
    rejections,
    accounts,
    requestIds,
    clock: idleClock,
    random: Math.random,
  });
}
