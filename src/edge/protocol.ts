/**
 * Where protocols meet the edge. gRPC is the only one today. An edge for HTTP is added here: its streams by a
 * `StreamProtocol` that chooses by content type and stands before gRPC's, its HTTP/1.1 connections by `http1`.
 */
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { ServeError } from "../base/errors.ts";

/** Follows the messages of one request in its bytes. */
export interface MessageFraming {
  /** How many bytes of an unfinished message there are after these. */
  push(chunk: Uint8Array): number;
}

/** What a protocol says of a stream by its headers. */
export interface Examined {
  /** The method that it is counted for: one that is served, or `unknownMethod`. */
  readonly method: string;
  /** Why it is not served; undefined where it is. */
  readonly refusal?: ServeError;
  /** Whether it may last as long as its caller likes. */
  readonly isEndless: boolean;
  /** For a request of any number of messages. Undefined where it is one message. */
  readonly framing?: () => MessageFraming;
}

/** A protocol on streams of HTTP/2. */
export interface StreamProtocol {
  /** Looks at a stream's headers, in which it may write what `receive` shall read. */
  examine(headers: IncomingHttpHeaders, stream: ServerHttp2Stream): Examined;
  /** Answers with the error where no answer has begun, and ends the stream in any case. */
  reject(stream: ServerHttp2Stream, error: ServeError, requestId: string): void;
}

/** Serves a stream that the gate has let in. */
export type ReceiveStream = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
) => void;

/** Takes a connection of HTTP/1.1. What was read of it is in it again. */
export type ReceiveHttp1 = (socket: Socket) => void;

/** What becomes of connections of HTTP/1.1. */
export interface Http1 {
  readonly receive: ReceiveHttp1;
  /** Whether it is spoken in TLS too. Otherwise ALPN offers HTTP/2 alone. */
  readonly isServed: boolean;
}
