/** A client below gRPC, which does what no library does. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type Settings,
} from "node:http2";
import { Metadata } from "@grpc/grpc-js";
import { type Details, detailsOf } from "./support.ts";

// Node counts what a cancelled call had still to send, for ever, and refuses calls past 10 MB of it.
const maxSessionMemory = 10_000;

/** Connects, and forgives whatever becomes of the connection. */
export function rawClient(address: string, settings: Settings = {}): ClientHttp2Session {
  const session = connect(`http://${address}`, { settings, maxSessionMemory });
  session.on("error", () => undefined);
  return session;
}

/** A message as gRPC sends it: a flag, its length, its bytes. */
export function frame(message: Uint8Array, parts: { flag?: number; length?: number } = {}): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(parts.flag ?? 0, 0);
  prefix.writeUInt32BE(parts.length ?? message.length, 1);
  return Buffer.concat([prefix, message]);
}

export function rawRequest(
  session: ClientHttp2Session,
  path: string,
  headers: OutgoingHttpHeaders = {},
): ClientHttp2Stream {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  stream.on("error", () => undefined);
  return stream;
}

/** How a call looks from below. */
export interface Ending {
  /** Undefined where the stream ended without one. */
  readonly code: number | undefined;
  readonly message: string;
  readonly details: Details | undefined;
  /** The HTTP status, where there were headers. */
  readonly http: number | undefined;
  /** The HTTP/2 error code; 0 for an orderly end. */
  readonly reset: number;
  /** What came as data: length-prefixed messages, whole or not. */
  readonly body: Buffer;
  /** Everything that was said in headers and trailers, decoded. */
  readonly said: string;
}

/** Reads a call to its end, which always comes if the server lives: the connection's end is one too. */
export function ending(stream: ClientHttp2Stream): Promise<Ending> {
  return new Promise((resolve) => {
    let all: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    const note = (headers: IncomingHttpHeaders): void => {
      all = { ...all, ...headers };
    };
    stream.on("response", note);
    stream.on("trailers", note);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    const end = (): void =>
      resolve(endingOf(all, { reset: stream.rstCode, body: Buffer.concat(chunks) }));
    stream.once("close", end);
    // A status is the end, though the stream stays until its caller has ended it too.
    stream.once("end", () => {
      if (all["grpc-status"] !== undefined) end();
    });
  });
}

function endingOf(
  headers: IncomingHttpHeaders,
  rest: { readonly reset: number; readonly body: Buffer },
): Ending {
  const code = headers["grpc-status"];
  const raw = headers["grpc-status-details-bin"];
  const metadata = new Metadata();
  const bytes = typeof raw === "string" ? Buffer.from(raw, "base64") : undefined;
  if (bytes !== undefined) metadata.set("grpc-status-details-bin", bytes);
  const message = decodeURI(String(headers["grpc-message"] ?? ""));
  return {
    code: code === undefined ? undefined : Number(code),
    message,
    details: detailsOf({ metadata }),
    http: headers[":status"] === undefined ? undefined : Number(headers[":status"]),
    said: `${message}\n${bytes?.toString("latin1") ?? ""}\n${JSON.stringify(headers)}`,
    ...rest,
  };
}
