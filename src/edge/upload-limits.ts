/**
 * Bounds what requests hold while they arrive. A protocol's library keeps the bytes of a request until all are
 * there, for as long as the call may last. A caller who opens many and finishes none would hold gigabytes that no
 * queue counts. So there is a budget for each connection and one for all, and a time. Where a budget is spent, the
 * connection that holds most has its largest request refused: it keeps out no other.
 */
import { Attached } from "../base/attached.ts";
import type { Clock } from "../base/clock.ts";
import { ServeError } from "../base/errors.ts";
import type { MessageFraming } from "./protocol.ts";

export interface UploadLimitOptions {
  /** Bytes of all requests that are not whole, and of those on one connection. */
  readonly bytes: number;
  readonly connectionBytes: number;
  /** How long a request may take to arrive: a message of a stream, or a whole request of one message. */
  readonly uploadMs: number;
}

/** What is used of a stream. */
export interface Incoming {
  on(event: "data", listener: (chunk: Buffer) => void): unknown;
  once(event: "end" | "close", listener: () => void): unknown;
}

export interface UploadLimitsOptions<S> {
  readonly limits: UploadLimitOptions;
  readonly clock: Clock;
  /** Ends the call, and lets go of what has arrived of it. */
  readonly refuse: (stream: S, error: ServeError) => void;
}

interface Request<S> {
  readonly stream: S;
  readonly connection: Connection<S>;
  readonly isStream: boolean;
  bytes: number;
  sinceMs: number;
}

interface Connection<S> {
  bytes: number;
  readonly requests: Set<Request<S>>;
}

export class UploadLimits<S extends Incoming & object> {
  readonly #options: UploadLimitsOptions<S>;
  readonly #connections = new Map<object, Connection<S>>();
  readonly #requests = new Attached<S, Request<S>>("upload");
  /** The oldest first. */
  readonly #arriving = new Set<Request<S>>();
  #bytes = 0;
  #isWaiting = false;

  constructor(options: UploadLimitsOptions<S>) {
    this.#options = options;
  }

  /** Bytes of all requests that are not whole. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Counts a request from its headers on; `framing` follows its messages where it may have several. What reads the
   * stream must have listened to it before.
   */
  watch(stream: S, session: object, framing?: MessageFraming): void {
    const isStream = framing !== undefined;
    const connection = this.#connections.get(session) ?? { bytes: 0, requests: new Set() };
    this.#connections.set(session, connection);
    const request = { stream, connection, isStream, bytes: 0, sinceMs: 0 };
    this.#requests.set(stream, request);
    const leave = (): void => this.#leave(request, session);
    connection.requests.add(request);
    // A stream of messages may be silent between them.
    if (!isStream) this.#begin(request);
    stream.on("data", (chunk) => {
      if (!connection.requests.has(request)) return;
      // What came before is with the handler; of one message, all is kept until the caller ends.
      const bytes = framing?.push(chunk) ?? request.bytes + chunk.length;
      if (bytes === 0) this.#arriving.delete(request);
      // All that there is of a message came with this chunk: it has just begun, after another or none.
      else if (isStream && bytes <= chunk.length) this.#begin(request);
      this.#count(request, bytes);
      this.#check(connection);
    });
    stream.once("end", leave);
    stream.once("close", leave);
  }

  /** Counts what a request of one message has become by unpacking it. */
  grew(stream: S, bytes: number): void {
    const request = this.#requests.get(stream);
    // Of a stream, a message that is whole is with the handler.
    if (request?.isStream !== false || !request.connection.requests.has(request)) return;
    this.#count(request, request.bytes + bytes);
    this.#check(request.connection);
  }

  /** Ends every request that is on its way. */
  close(error: ServeError): void {
    for (const { requests } of this.#connections.values()) {
      for (const request of requests) this.#refuse(request, error);
    }
  }

  #begin(request: Request<S>): void {
    request.sinceMs = this.#options.clock.now();
    this.#arriving.delete(request);
    this.#arriving.add(request);
    this.#wait();
  }

  #leave(request: Request<S>, session: object): void {
    const { connection } = request;
    this.#forget(request);
    const isEmpty = connection.requests.size === 0;
    if (isEmpty && this.#connections.get(session) === connection) this.#connections.delete(session);
  }

  #forget(request: Request<S>): void {
    this.#count(request, 0);
    this.#arriving.delete(request);
    request.connection.requests.delete(request);
  }

  #count(request: Request<S>, bytes: number): void {
    const more = bytes - request.bytes;
    request.bytes = bytes;
    request.connection.bytes += more;
    this.#bytes += more;
  }

  #check(connection: Connection<S>): void {
    const { limits } = this.#options;
    if (connection.bytes > limits.connectionBytes) this.#evict(connection);
    else if (this.#bytes > limits.bytes) this.#evict(largest(this.#connections.values()));
  }

  #evict(connection: Connection<S> | undefined): void {
    const request = largest(connection?.requests ?? []);
    if (request === undefined) return;
    const message = "too much of requests is on its way at once; try again";
    this.#refuse(
      request,
      new ServeError("UPLOAD_BUDGET_EXCEEDED", message, { retryAfterMs: 1000 }),
    );
  }

  #refuse(request: Request<S>, error: ServeError): void {
    this.#forget(request);
    this.#options.refuse(request.stream, error);
  }

  /** One timer for all: it rings when the oldest is due, or finds that it has left. */
  #wait(): void {
    const [oldest] = this.#arriving;
    if (oldest === undefined || this.#isWaiting) return;
    this.#isWaiting = true;
    const { clock, limits } = this.#options;
    const waitMs = oldest.sinceMs + limits.uploadMs - clock.now();
    // A timer can ring a moment before the clock says so.
    clock.after(Math.max(1, waitMs), () => {
      this.#isWaiting = false;
      this.#expire(clock.now() - limits.uploadMs);
      this.#wait();
    });
  }

  #expire(sinceMs: number): void {
    const message = "the request took too long to arrive";
    for (const request of this.#arriving) {
      if (request.sinceMs > sinceMs) return;
      this.#refuse(request, new ServeError("SLOW_SENDER", message));
    }
  }
}

function largest<T extends { readonly bytes: number }>(items: Iterable<T>): T | undefined {
  let most: T | undefined;
  for (const item of items) if (item.bytes > (most?.bytes ?? 0)) most = item;
  return most;
}
