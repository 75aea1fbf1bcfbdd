/** Who may connect, before there is a call: what is refused here, Node closes at once. */
import type { Http2Server } from "node:http2";
import type { DropArgument, Socket } from "node:net";
import { Server as TlsServer, type TLSSocket } from "node:tls";
import type { AddressLimits } from "./address-limits.ts";
import { readFirstBytes } from "./first-bytes.ts";
import type { Http1, ReceiveHttp1 } from "./protocol.ts";
import type { RejectionLog } from "./rejection-log.ts";
import { settingsTimeoutMs } from "./settings-timeout.ts";

export interface ConnectionLimits {
  readonly maxConnections: number;
  /** Theirs, of all servers that share the bound. */
  readonly limits: AddressLimits;
  readonly rejections: Pick<RejectionLog, "connection">;
  /** Those of plaintext that have said nothing yet. */
  readonly sessionless: Set<Socket>;
  readonly http1: Http1;
}

/** Bounds the connections of a server. Call it once, before a connection can be made. */
export function limitConnections(server: Http2Server, options: ConnectionLimits): void {
  const { maxConnections, limits, rejections } = options;
  const refused = (from: string | undefined): void =>
    rejections.connection("TOO_MANY_CONNECTIONS", from);
  // Node closes further ones at once, before a session is made for them.
  server.maxConnections = maxConnections;
  server.on("drop", (from?: DropArgument) => refused(from?.remoteAddress));
  const inner = server.listeners("connection");
  server.removeAllListeners("connection");
  const http2 = (socket: Socket): void => {
    for (const listener of inner) Reflect.apply(listener, server, [socket]);
  };
  server.on("connection", (socket: Socket) => {
    const leave = limits.take(socket.remoteAddress);
    if (leave === undefined) {
      refused(socket.remoteAddress);
      socket.destroy();
      return;
    }
    socket.once("close", leave);
    // What a client speaks in TLS, ALPN agrees on.
    if (server instanceof TlsServer) http2(socket);
    else chooseProtocol(socket, http2, options);
  });
  if (server instanceof TlsServer && options.http1.isServed) {
    chooseByAlpn(server, options.http1.receive);
  }
  // A client certificate that is missing or wrong, and whatever else ends a handshake.
  server.on("tlsClientError", (_: Error, { remoteAddress }: TLSSocket) =>
    rejections.connection("TLS_REFUSED", remoteAddress),
  );
}

/** A client that says nothing by ALPN speaks HTTP/1.1: HTTP/2 in TLS needs it (RFC 9113 §3.2). */
function chooseByAlpn(server: Http2Server, http1: ReceiveHttp1): void {
  const inner = server.listeners("secureConnection");
  server.removeAllListeners("secureConnection");
  server.on("secureConnection", (socket: TLSSocket) => {
    if (socket.alpnProtocol !== "h2") http1(socket);
    else for (const listener of inner) Reflect.apply(listener, server, [socket]);
  });
}

function chooseProtocol(
  socket: Socket,
  http2: (socket: Socket) => void,
  { sessionless, rejections, http1 }: ConnectionLimits,
): void {
  const from = socket.remoteAddress;
  sessionless.add(socket);
  socket.once("close", () => sessionless.delete(socket));
  readFirstBytes(socket, {
    waitMs: settingsTimeoutMs,
    http2: () => {
      sessionless.delete(socket);
      http2(socket);
    },
    http1: () => {
      sessionless.delete(socket);
      http1.receive(socket);
    },
    silent: () => rejections.connection("SETTINGS_TIMEOUT", from),
  });
}
