/**
 * HTTP/1.1 on the port of gRPC. A request becomes a message of the contract, and the same handlers answer it, behind the
 * same authorizer, interceptors and limits.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { Authorizer } from "../auth/authorizer.ts";
import type { Clock } from "../base/clock.ts";
import { ServeError } from "../base/errors.ts";
import { statusFlushMs } from "../base/shutdown-budget.ts";
import { OpenCalls } from "../calls/open-calls.ts";
import { AddressLimits } from "../edge/address-limits.ts";
import type { EdgeLimits } from "../edge/listener.ts";
import type { RejectionLog } from "../edge/rejection-log.ts";
import { settingsTimeoutMs } from "../edge/settings-timeout.ts";
import { UploadLimits, type UploadLimitOptions } from "../edge/upload-limits.ts";
import { sendError } from "./http-call.ts";
import type { Route } from "./route.ts";
import { serve, served } from "./serve.ts";

export interface HttpServerOptions {
  readonly routes: readonly Route[];
  readonly authorizer: Pick<Authorizer, "admit">;
  readonly limits: EdgeLimits & { readonly maxMessageBytes: number };
  readonly uploads: UploadLimitOptions;
  readonly rejections: Pick<RejectionLog, "call" | "auditedCall" | "connection">;
  readonly newRequestId: () => string;
  /** Its timers should not keep the process. */
  readonly clock: Clock;
}

/** How often a drain looks whether connections have ended. */
const lookMs = 20;

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  readonly #calls = new OpenCalls();
  readonly #uploads: UploadLimits<IncomingMessage>;
  readonly #connections: AddressLimits;
  readonly #sockets = new Set<Socket>();
  #isDraining = false;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const { limits, uploads, clock } = options;
    const addressPercent = limits.maxAddressPercent;
    // The other half is gRPC's, whatever callers over HTTP hold.
    const total = Math.ceil(limits.maxConnections / 2);
    this.#connections = new AddressLimits({ total, addressPercent });
    this.#uploads = new UploadLimits({
      limits: uploads,
      clock,
      refuse: (request, error) => request.destroy(error),
    });
    const serving = {
      ...options,
      maxMessageBytes: limits.maxMessageBytes,
      stallMs: limits.stallMs,
      routes: options.routes.map(served),
      calls: this.#calls,
      open: new AddressLimits({ total: limits.maxOpenCalls, addressPercent }),
      uploads: this.#uploads,
    };
    this.#server = createServer(nodeOptions(options), (request, response) => {
      if (this.#isDraining) response.shouldKeepAlive = false;
      // A caller may wait long for an answer, and not leave one long unread.
      response.once("prefinish", () => request.socket.setTimeout(limits.stallMs));
      serve(request, response, serving).catch((thrown: unknown) => {
        sendError(response, ServeError.from(thrown));
      });
    });
    this.#server.on("clientError", refuseUnreadable);
    // Node follows connections, and holds them to its timeouts, from this event on; this server never listens itself.
    this.#server.emit("listening");
  }

  /** Takes a connection that began as HTTP/1.1. */
  receive(socket: Socket): void {
    const leave = this.#connections.take(socket.remoteAddress);
    if (leave === undefined) {
      this.#options.rejections.connection("TOO_MANY_CONNECTIONS", socket.remoteAddress);
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once("close", () => {
      leave();
      this.#sockets.delete(socket);
    });
    this.#server.emit("connection", socket);
    socket.resume();
  }

  /** Lets running calls finish for `graceMs`, ends those that are left, and closes every connection. */
  async drain(leaving: ServeError, graceMs: number): Promise<void> {
    this.#isDraining = true;
    await this.#closeWithin(graceMs);
    this.#calls.close(leaving);
    this.#uploads.close(leaving);
    await this.#closeWithin(statusFlushMs);
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  async #closeWithin(ms: number): Promise<void> {
    const { clock } = this.#options;
    const endsAt = clock.now() + ms;
    for (;;) {
      this.#server.closeIdleConnections();
      if (this.#sockets.size === 0 || clock.now() >= endsAt) return;
      await wait(lookMs);
    }
  }
}

function nodeOptions({ limits, uploads }: HttpServerOptions) {
  return {
    maxHeaderSize: limits.maxHeaderBytes,
    // Node refuses a longer one than that of requests.
    headersTimeout: Math.min(settingsTimeoutMs, uploads.uploadMs),
    requestTimeout: uploads.uploadMs,
    // Zero is for ever, there and here.
    keepAliveTimeout: limits.maxConnectionIdleMs,
    connectionsCheckingInterval: 1000,
  };
}

const statuses: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
};

/** What is no request of HTTP/1.1, or is one that two servers could read in two ways. */
function refuseUnreadable(
  { code = "" }: NodeJS.ErrnoException,
  socket: NodeJS.WritableStream & { destroy(): void },
): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const status = statuses[code] ?? "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
