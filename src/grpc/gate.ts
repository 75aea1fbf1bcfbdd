/**
 * Stands between Node's HTTP/2 and grpc-js, and sees every stream first. It refuses what grpc-js would
 * refuse without a reason or not at all, before a message is read: what is no gRPC, unknown methods, timeouts that are
 * none, more calls at once or a second than may be. A connection that goes on being refused, or
 * resets its streams faster than it may, is closed alone, with ENHANCE_YOUR_CALM (CVE-2023-44487).
 */
import {
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import { ServeError } from "../base/errors.ts";
import { type EdgeLoad, unknownMethod } from "../base/meter.ts";
import type { CallAccounts } from "./call-accounts.ts";
import { ConnectionPenalties, type PenaltyOptions } from "./connection-penalties.ts";
import { limitConnections } from "./connections.ts";
import { limitSettingsTimeout } from "./settings-timeout.ts";
import { notGrpc } from "./http-request.ts";
import { UploadLimits, type UploadLimitOptions } from "./upload-limits.ts";
import type { RequestIds } from "./request-ids.ts";
import { AddressLimits } from "./address-limits.ts";
import { timeoutOf } from "./timeout.ts";
import { letGo, refuse } from "./trailers-only.ts";
import { sweepStalledStreams } from "./stalled-streams.ts";

/** What the gate must know of a method. */
export interface GateMethod {
  /** Whether its callers send as many messages as they like. */
  readonly sendsStream: boolean;
  /** The longest that a call of it may take, from its headers on; Infinity for no bound. */
  readonly maxMs: number;
}

export interface GateOptions extends PenaltyOptions {
  /** The server's methods by path, such as `/inferd.v1.ModelService/GetModel`. */
  readonly methods: ReadonlyMap<string, GateMethod>;
  readonly accounts: Pick<CallAccounts, "abort" | "came" | "refused">;
  readonly requestIds: Pick<RequestIds, "of" | "read">;
  readonly maxConnections: number;
  /** On all connections together. */
  readonly maxOpenCalls: number;
  /** How many percent of either may be one address's. */
  readonly maxAddressPercent: number;
  readonly uploads: UploadLimitOptions;
  /** What an ended call has left unread for so long is thrown away, with its stream. */
  readonly unreadMs: number;
  readonly clock: Clock;
}

// Watch and reflection may be open for as long as their callers like, and Watch to strangers: so they leave
// most places to calls that do something.
const endlessPart = 1 / 4;

/** The gate of one server of grpc-js, before all Node servers that it has. */
export class Gate {
  readonly #options: GateOptions;
  readonly #penalties = new WeakMap<Http2Session, ConnectionPenalties>();
  readonly #openConnections: AddressLimits;
  readonly #silent = new Set<Socket>();
  readonly #uploads: UploadLimits<ServerHttp2Stream>;
  readonly #openCalls: AddressLimits;
  readonly #endlessCalls: AddressLimits;

  constructor(options: GateOptions) {
    this.#options = options;
    const {
      uploads: limits,
      clock,
      maxOpenCalls: total,
      maxAddressPercent: addressPercent,
    } = options;
    this.#openConnections = new AddressLimits({ total: options.maxConnections, addressPercent });
    this.#openCalls = new AddressLimits({ total, addressPercent });
    this.#endlessCalls = new AddressLimits({
      total: Math.ceil(total * endlessPart),
      addressPercent,
    });
    this.#uploads = new UploadLimits({
      limits,
      clock,
      refuse: (stream, error) => this.#refuseArriving(stream, error),
    });
  }

  get load(): EdgeLoad {
    return {
      connections: this.#openConnections.taken,
      openCalls: this.#openCalls.taken,
      uploadBytes: this.#uploads.bytes,
    };
  }

  /** Counts what a request that is not whole holds besides its bytes. */
  grew(stream: ServerHttp2Stream, bytes: number): void {
    this.#uploads.grew(stream, bytes);
  }

  /** Closes connections that have not begun; call it once no more are taken. */
  closeSilent(): void {
    for (const socket of this.#silent) socket.destroy();
  }

  /** Ends every call whose request is not whole. */
  close(error: ServeError): void {
    this.#uploads.close(error);
  }

  /** Counts a call that was refused for who makes it. Its status is on the way already. */
  rejectedUnauthenticated(stream: ServerHttp2Stream): void {
    this.#penalize(stream);
    letGo(stream);
  }

  /** Stands before a server's grpc-js. Call it once, before a connection can be made. */
  guard(server: Http2Server): void {
    const { maxConnections, rejections } = this.#options;
    limitConnections(server, {
      maxConnections,
      rejections,
      limits: this.#openConnections,
      silent: this.#silent,
    });
    const unread = sweepStalledStreams(server, this.#options.unreadMs);
    limitSettingsTimeout(server, this.#options);
    const inner = server.listeners("stream");
    server.removeAllListeners("stream");
    server.on("stream", (stream, headers, flags, rawHeaders) => {
      // A stream whose connection has just been closed fails, and nobody else listens yet: unheard, it would end the process.
      stream.on("error", () => undefined);
      const { session } = stream;
      // The connection went while its stream was on the way here.
      if (session === undefined || session.destroyed) return;
      const penalties = this.#penaltiesOf(session);
      if (!penalties.hold(stream, rawHeaders)) return;
      penalties.watch(stream);
      unread.add(stream);
      const path = headers[":path"] ?? "";
      const method = this.#options.methods.get(path);
      const requestId = this.#options.requestIds.read(stream, headers);
      const name = method === undefined ? unknownMethod : path.slice(1);
      this.#options.accounts.came(stream, name, requestId);
      const error =
        penalties.admit() ?? examine(headers, method) ?? this.#claimPlace(stream, method);
      if (error !== undefined) {
        this.#reject(stream, error);
        return;
      }
      for (const listener of inner) Reflect.apply(listener, server, [stream, headers, flags]);
      const isStream = method?.sendsStream === true;
      // Nobody reads what grpc-js has refused, and then nothing arrives.
      if (stream.listenerCount("data") > 0) this.#uploads.watch(stream, session, { isStream });
    });
  }

  #penaltiesOf(session: Http2Session): ConnectionPenalties {
    const known = this.#penalties.get(session) ?? new ConnectionPenalties(session, this.#options);
    this.#penalties.set(session, known);
    return known;
  }

  /** Gives a call its place until its stream is closed, or says why there is none. */
  #claimPlace(stream: ServerHttp2Stream, method: GateMethod | undefined): ServeError | undefined {
    const isEndless = method?.maxMs === Infinity;
    for (const limits of isEndless ? [this.#endlessCalls, this.#openCalls] : [this.#openCalls]) {
      const leave = limits.take(stream.session?.socket.remoteAddress);
      if (leave === undefined) return tooManyOpen();
      stream.once("close", leave);
    }
    return undefined;
  }

  /** Ends a call of whose request too much, or too little, has come. */
  #refuseArriving(stream: ServerHttp2Stream, error: ServeError): void {
    // Who has a status already is told nothing more, and counted once.
    if (hasStatus(stream)) {
      letGo(stream);
      return;
    }
    const isAnswering = stream.headersSent;
    if (!this.#options.accounts.abort(stream, error)) {
      this.#reject(stream, error);
      letGo(stream);
      return;
    }
    this.#penalize(stream);
    // Its handler has given it a status: one after responses is on its way yet, and would go with the stream.
    if (!isAnswering && hasStatus(stream)) letGo(stream);
  }

  #reject(stream: ServerHttp2Stream, error: ServeError): void {
    this.#options.accounts.refused(stream, error.reason);
    this.#penalize(stream);
    refuse(stream, error, this.#options.requestIds.of(stream));
  }

  #penalize({ session }: ServerHttp2Stream): void {
    if (session !== undefined) this.#penalties.get(session)?.penalize();
  }
}

/** Whether its status is on the way, or has gone. */
function hasStatus({ writableEnded }: ServerHttp2Stream): boolean {
  return writableEnded;
}

function tooManyOpen(): ServeError {
  const message = "too many calls are open, in all or of your address; try again";
  return new ServeError("TOO_MANY_OPEN_CALLS", message, { retryAfterMs: 1000 });
}

/** Looks at a call's headers, and writes the timeout that grpc-js is to keep into them. */
function examine(
  headers: IncomingHttpHeaders,
  method: GateMethod | undefined,
): ServeError | undefined {
  const refusal = notGrpc(headers);
  if (refusal !== undefined) return refusal;
  if (method === undefined) {
    return new ServeError(
      "METHOD_UNKNOWN",
      "this server has no such method; reflection lists those it has",
    );
  }
  const given = headers["grpc-timeout"];
  const timeout = Array.isArray(given)
    ? ({ kind: "invalid" } as const)
    : timeoutOf(given, method.maxMs);
  switch (timeout.kind) {
    case "invalid":
      return new ServeError(
        "TIMEOUT_INVALID",
        "grpc-timeout must be up to 8 digits and a unit, once",
      );
    case "none":
      delete headers["grpc-timeout"];
      return undefined;
    case "some":
      headers["grpc-timeout"] = timeout.header;
      return undefined;
  }
}
