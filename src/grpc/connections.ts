/** Who may connect, before there is a call: what is refused here, Node closes at once. */
import type { Http2Server } from "node:http2";
import type { DropArgument, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Seats } from "./seats.ts";
import type { TurnedAway } from "./turned-away.ts";

export interface ConnectionLimits {
  readonly maxConnections: number;
  /** Theirs, of all servers that share the bound. */
  readonly seats: Seats;
  readonly turnedAway: Pick<TurnedAway, "connection">;
}

/** Bounds the connections of a server. Call it once, before a connection can be made. */
export function limitConnections(
  server: Http2Server,
  { maxConnections, seats, turnedAway }: ConnectionLimits,
): void {
  const refused = (from: string | undefined): void =>
    turnedAway.connection("TOO_MANY_CONNECTIONS", from);
  // Node closes further ones at once, before a session is made for them.
  server.maxConnections = maxConnections;
  server.on("drop", (from?: DropArgument) => refused(from?.remoteAddress));
  const inner = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const leave = seats.take(socket.remoteAddress);
    if (leave === undefined) {
      refused(socket.remoteAddress);
      socket.destroy();
      return;
    }
    socket.once("close", leave);
    for (const listener of inner) Reflect.apply(listener, server, [socket]);
  });
  // A client certificate that is missing or wrong, and whatever else ends a handshake.
  server.on("tlsClientError", (_: Error, { remoteAddress }: TLSSocket) =>
    turnedAway.connection("TLS_REFUSED", remoteAddress),
  );
}
