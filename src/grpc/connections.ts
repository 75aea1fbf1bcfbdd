/** Who may connect, before there is a call: what is refused here, Node closes at once. */
import type { Http2Server } from "node:http2";
import type { DropArgument } from "node:net";
import type { TLSSocket } from "node:tls";
import type { TurnedAway } from "./turned-away.ts";

export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly turnedAway: Pick<TurnedAway, "note">;
}

/** Bounds the connections of a server. Call it once, before a connection can be made. */
export function limitConnections(
  server: Http2Server,
  { maxConnections, turnedAway }: ConnectionLimits,
): void {
  // Node closes further ones at once, before a session is made for them.
  server.maxConnections = maxConnections;
  server.on("drop", (from?: DropArgument) =>
    turnedAway.note("TOO_MANY_CONNECTIONS", from?.remoteAddress),
  );
  // A client certificate that is missing or wrong, and whatever else ends a handshake.
  server.on("tlsClientError", (_: Error, { remoteAddress }: TLSSocket) =>
    turnedAway.note("TLS_REFUSED", remoteAddress),
  );
}
