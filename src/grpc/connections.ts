/** Who may connect, before there is a call: what is refused here, Node closes at once. */
import type { Http2Server } from "node:http2";
import type { DropArgument, Socket } from "node:net";
import { Server as TlsServer, type TLSSocket } from "node:tls";
import { readFirstBytes } from "./first-bytes.ts";
import { settingsTimeoutMs } from "./settings-timeout.ts";
import type { AddressLimits } from "./address-limits.ts";
import type { RejectionLog } from "./rejection-log.ts";

export interface ConnectionLimits {
  readonly maxConnections: number;
  /** Theirs, of all servers that share the bound. */
  readonly limits: AddressLimits;
  readonly rejections: Pick<RejectionLog, "connection">;
  /** Those of plaintext that have said nothing yet: no session of HTTP/2 knows them. */
  readonly silent: Set<Socket>;
}

/** Bounds the connections of a server. Call it once, before a connection can be made. */
export function limitConnections(
  server: Http2Server,
  { maxConnections, limits, rejections, silent }: ConnectionLimits,
): void {
  const refused = (from: string | undefined): void =>
    rejections.connection("TOO_MANY_CONNECTIONS", from);
  // Node closes further ones at once, before a session is made for them.
  server.maxConnections = maxConnections;
  server.on("drop", (from?: DropArgument) => refused(from?.remoteAddress));
  const inner = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const leave = limits.take(socket.remoteAddress);
    if (leave === undefined) {
      refused(socket.remoteAddress);
      socket.destroy();
      return;
    }
    socket.once("close", leave);
    const serve = (): void => {
      silent.delete(socket);
      for (const listener of inner) Reflect.apply(listener, server, [socket]);
    };
    if (server instanceof TlsServer) {
      serve();
      return;
    }
    silent.add(socket);
    socket.once("close", () => silent.delete(socket));
    const from = socket.remoteAddress;
    readFirstBytes(socket, {
      waitMs: settingsTimeoutMs,
      serve,
      refused: () => rejections.connection("NOT_HTTP2", from),
      silent: () => rejections.connection("SETTINGS_TIMEOUT", from),
    });
  });
  // A client certificate that is missing or wrong, and whatever else ends a handshake.
  server.on("tlsClientError", (_: Error, { remoteAddress }: TLSSocket) =>
    rejections.connection("TLS_REFUSED", remoteAddress),
  );
}
