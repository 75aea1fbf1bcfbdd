/** Who may connect, before there is a call: what is refused here, Node closes at once. */
import type { Http2Server } from "node:http2";
import type { DropArgument, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { Seats } from "./seats.ts";
import type { TurnedAway } from "./turned-away.ts";

export interface ConnectionLimits {
  readonly maxConnections: number;
  /** How many percent of them may be one address's. */
  readonly maxAddressPercent: number;
  readonly turnedAway: Pick<TurnedAway, "connection">;
}

/** Bounds the connections of a server. Call it once, before a connection can be made. */
export function limitConnections(
  server: Http2Server,
  { maxConnections, maxAddressPercent, turnedAway }: ConnectionLimits,
): void {
  const refused = (from: string | undefined): void =>
    turnedAway.connection("TOO_MANY_CONNECTIONS", from);
  // Node closes further ones at once, before a session is made for them.
  server.maxConnections = maxConnections;
  server.on("drop", (from?: DropArgument) => refused(from?.remoteAddress));
  const seats = new Seats({ total: maxConnections, addressPercent: maxAddressPercent });
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
