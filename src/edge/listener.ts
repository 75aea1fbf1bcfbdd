/**
 * One port for callers: all that is bounded on it before a protocol sees a call. The Node servers below it are
 * opened by a protocol's library and handed in; from then on each connection and each stream passes here first.
 */
import type { Http2Server, ServerHttp2Stream } from "node:http2";
import { Server as NetServer, type Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import type { ServeError } from "../base/errors.ts";
import type { EdgeLoad } from "../base/meter.ts";
import { AddressLimits } from "./address-limits.ts";
import { limitAge } from "./connection-age.ts";
import { limitIdleness } from "./connection-idle.ts";
import { limitConnections } from "./connections.ts";
import { Gate, type GateOptions } from "./gate.ts";
import { GoawaySessions } from "./goaway.ts";
import type { Http1, ReceiveStream, StreamProtocol } from "./protocol.ts";
import type { RejectionLog } from "./rejection-log.ts";
import { limitSettingsTimeout } from "./settings-timeout.ts";
import { widenUploads } from "./upload-window.ts";
import type { UploadLimitOptions } from "./upload-limits.ts";

/** What a port takes of its callers; each is a setting. */
export interface EdgeLimits {
  readonly maxConnections: number;
  /** How many percent of all connections, and of all open calls, may be one address's. */
  readonly maxAddressPercent: number;
  readonly maxOpenCalls: number;
  readonly maxHeaderBytes: number;
  /** Of one connection; so are resets. */
  readonly maxCallsPerSecond: number;
  readonly maxResetBurst: number;
  readonly maxResetsPerSecond: number;
  readonly maxCallMs: number;
  /** Zero keeps idle connections. */
  readonly maxConnectionIdleMs: number;
  /** Zero never asks clients to connect again. */
  readonly maxConnectionAgeMs: number;
  /** How long a caller may leave unread what there is to read. */
  readonly stallMs: number;
}

export interface ListenerOptions {
  readonly limits: EdgeLimits;
  readonly uploads: UploadLimitOptions;
  readonly protocol: StreamProtocol;
  readonly http1: Http1;
  readonly rejections: Pick<RejectionLog, "connection">;
  readonly accounts: GateOptions["accounts"];
  readonly requestIds: GateOptions["requestIds"];
  /** Its timers should not keep the process. */
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #gate: Gate;
  readonly #connections: AddressLimits;
  readonly #sessions: GoawaySessions;
  readonly #sessionless = new Set<Socket>();
  readonly #servers = new Set<Http2Server>();

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { limits, clock } = options;
    this.#gate = new Gate(gateOptions(options));
    this.#connections = new AddressLimits({
      total: limits.maxConnections,
      addressPercent: limits.maxAddressPercent,
    });
    this.#sessions = new GoawaySessions(clock);
  }

  get load(): EdgeLoad {
    return {
      connections: this.#connections.taken,
      openCalls: this.#gate.openCalls,
      uploadBytes: this.#gate.uploadBytes,
    };
  }

  /** Takes over a server, and gives its streams to `receive`. Call it once for each, before a connection can be made. */
  guard(server: Http2Server, receive: ReceiveStream): void {
    const { limits, rejections, clock, random, http1 } = this.#options;
    const sessions = this.#sessions;
    this.#servers.add(server);
    limitConnections(server, {
      maxConnections: limits.maxConnections,
      limits: this.#connections,
      sessionless: this.#sessionless,
      rejections,
      http1,
    });
    limitSettingsTimeout(server, { rejections, clock });
    this.#gate.guard(server, receive);
    sessions.watch(server);
    widenUploads(server);
    const { maxConnectionAgeMs, maxCallMs } = limits;
    limitAge(server, { maxConnectionAgeMs, maxCallMs, random, sessions });
    limitIdleness(server, { idleMs: limits.maxConnectionIdleMs, clock, sessions });
  }

  /** Counts what a request that is not whole holds in addition to its bytes. */
  grew(stream: ServerHttp2Stream, bytes: number): void {
    this.#gate.grew(stream, bytes);
  }

  /** Counts a call that was refused for who makes it. Its status is on the way already. */
  rejectedUnauthenticated(stream: ServerHttp2Stream): void {
    this.#gate.rejectedUnauthenticated(stream);
  }

  /** Takes no more connections. Those that are open stay, but for those that have not begun. */
  stopListening(): void {
    // `close` of Node's HTTP/2 servers would end its connections at once.
    for (const server of this.#servers) NetServer.prototype.close.call(server);
    for (const socket of this.#sessionless) socket.destroy();
  }

  /** Asks all clients to go. Resolves when each has heard of it, or should have. */
  async sendGoaways(): Promise<void> {
    await this.#sessions.sendGoaways();
  }

  /** Ends every call whose request is not whole. */
  closeUploads(error: ServeError): void {
    this.#gate.closeUploads(error);
  }
}

function gateOptions({ limits, rejections, clock, ...options }: ListenerOptions): GateOptions {
  return {
    protocol: options.protocol,
    accounts: options.accounts,
    requestIds: options.requestIds,
    uploads: options.uploads,
    calls: limits,
    penalties: {
      callsPerSecond: limits.maxCallsPerSecond,
      resetBurst: limits.maxResetBurst,
      resetsPerSecond: limits.maxResetsPerSecond,
      maxHeaderBytes: limits.maxHeaderBytes,
      rejections,
      clock,
    },
    unreadMs: limits.stallMs,
    clock,
  };
}
