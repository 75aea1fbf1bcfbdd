/**
 * Sees every stream of HTTP/2 before its protocol does. It refuses what may not begin before a message is read:
 * what the protocol does not serve, and more calls at once or a second than allowed. A connection that goes on
 * being refused, or resets its streams faster than it may, is closed alone, with ENHANCE_YOUR_CALM
 * (CVE-2023-44487).
 */
import type { Http2Server, Http2Session, ServerHttp2Stream } from "node:http2";
import { constants } from "node:http2";
import { Attached } from "../base/attached.ts";
import type { Clock } from "../base/clock.ts";
import type { ServeError } from "../base/errors.ts";
import type { CallAccounts } from "./call-accounts.ts";
import { CallLimits, type CallLimitOptions } from "./call-limits.ts";
import { ConnectionPenalties, type PenaltyOptions } from "./connection-penalties.ts";
import type { ReceiveStream, StreamProtocol } from "./protocol.ts";
import type { RequestIds } from "./request-ids.ts";
import { sweepStalledStreams } from "./stalled-streams.ts";
import { UploadLimits, type UploadLimitOptions } from "./upload-limits.ts";

export interface GateOptions {
  readonly protocol: StreamProtocol;
  readonly accounts: Pick<CallAccounts, "abort" | "came" | "refused">;
  readonly requestIds: Pick<RequestIds, "of" | "read">;
  readonly calls: CallLimitOptions;
  readonly penalties: PenaltyOptions;
  readonly uploads: UploadLimitOptions;
  /** What an ended call has left unread for so long is thrown away, with its stream. */
  readonly unreadMs: number;
  readonly clock: Clock;
}

/** The gate of one port, before all Node servers that it has. */
export class Gate {
  readonly #options: GateOptions;
  readonly #penalties = new Attached<Http2Session, ConnectionPenalties>("penalties");
  readonly #calls: CallLimits;
  readonly #uploads: UploadLimits<ServerHttp2Stream>;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#calls = new CallLimits(options.calls);
    this.#uploads = new UploadLimits({
      limits: options.uploads,
      clock: options.clock,
      refuse: (stream, error) => this.#refuseArriving(stream, error),
    });
  }

  get openCalls(): number {
    return this.#calls.open;
  }

  /** Of requests that are not whole. */
  get uploadBytes(): number {
    return this.#uploads.bytes;
  }

  /** Counts what a request that is not whole holds in addition to its bytes. */
  grew(stream: ServerHttp2Stream, bytes: number): void {
    this.#uploads.grew(stream, bytes);
  }

  /** Ends every call whose request is not whole. */
  closeUploads(error: ServeError): void {
    this.#uploads.close(error);
  }

  /** Counts a call that was refused for who makes it. Its status is on the way already. */
  rejectedUnauthenticated(stream: ServerHttp2Stream): void {
    this.#penalize(stream);
    stopReading(stream);
  }

  /** Stands before what receives a server's streams. Call it once, before a connection can be made. */
  guard(server: Http2Server, receive: ReceiveStream): void {
    const { accounts, protocol, requestIds, unreadMs } = this.#options;
    const stalled = sweepStalledStreams(server, unreadMs);
    server.on("stream", (stream, headers, flags, rawHeaders) => {
      // A stream whose connection has just been closed fails before anything else listens: unheard, that would end the process.
      stream.on("error", () => undefined);
      const { session } = stream;
      // The connection went while its stream was on the way here.
      if (session === undefined || session.destroyed) return;
      const penalties = this.#penaltiesOf(session);
      if (!penalties.hold(stream, rawHeaders)) return;
      penalties.watch(stream);
      stalled.add(stream);
      const call = protocol.examine(headers, stream);
      accounts.came(stream, call.method, requestIds.read(stream, headers));
      const error = penalties.admit() ?? call.refusal ?? this.#calls.take(stream, call.isEndless);
      if (error !== undefined) {
        this.#reject(stream, error);
        return;
      }
      receive(stream, headers, flags);
      // A library may have refused it on its own account: then it is not read, and nothing arrives.
      if (stream.listenerCount("data") > 0) this.#uploads.watch(stream, session, call.framing?.());
    });
  }

  #penaltiesOf(session: Http2Session): ConnectionPenalties {
    const { penalties } = this.#options;
    const known = this.#penalties.get(session);
    if (known !== undefined) return known;
    const made = new ConnectionPenalties(session, penalties);
    this.#penalties.set(session, made);
    return made;
  }

  /** Ends a call of whose request too much, or too little, has come. */
  #refuseArriving(stream: ServerHttp2Stream, error: ServeError): void {
    // A call that has a status is told nothing more, and counted once.
    if (hasStatus(stream)) {
      stopReading(stream);
      return;
    }
    const isAnswering = stream.headersSent;
    if (!this.#options.accounts.abort(stream, error)) {
      this.#reject(stream, error);
      stopReading(stream);
      return;
    }
    this.#penalize(stream);
    // Its handler has given it a status: one after responses is on its way yet, and would go with the stream.
    if (!isAnswering && hasStatus(stream)) stopReading(stream);
  }

  #reject(stream: ServerHttp2Stream, error: ServeError): void {
    const { accounts, protocol, requestIds } = this.#options;
    accounts.refused(stream, error.reason);
    this.#penalize(stream);
    protocol.reject(stream, error, requestIds.of(stream));
  }

  #penalize({ session }: ServerHttp2Stream): void {
    if (session !== undefined) this.#penalties.get(session)?.penalize();
  }
}

/** Whether its status is on the way, or has gone. */
function hasStatus({ writableEnded }: ServerHttp2Stream): boolean {
  return writableEnded;
}

/** Reads no more of a call that has its status: it and what has arrived would stay until its caller ends it. */
function stopReading(stream: ServerHttp2Stream): void {
  stream.close(constants.NGHTTP2_NO_ERROR);
}
