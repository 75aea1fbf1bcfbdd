/**
 * The HTTP port for monitoring: Prometheus, and probes without gRPC. It reads only method and path of a request, and
 * returns nothing that clients sent.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { idleClock } from "../base/clock.ts";
import { listenFailure } from "../base/listen.ts";

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  readonly metrics: { readonly contentType: string; readonly text: () => Promise<string> };
  /** The health service's answer for `readiness`. */
  readonly isReady: () => boolean;
  /** Called with the reason why the metrics could not be made. The scraper gets a 500 without it. */
  readonly onFailure: (error: unknown) => void;
  /** Maximum duration of a connection, request and response included. Default: 5 seconds. */
  readonly patienceMs?: number;
}

export interface HttpPort {
  readonly port: number;
  /** Closes the port and every connection. */
  close(): Promise<void>;
}

/** Scrapers and probes are few. Further connections are closed at once. */
export const mostHttpConnections = 64;
const defaultPatienceMs = 5000;

/** Listens. Fails with one line that says why. */
export function openHttp(options: HttpOptions): Promise<HttpPort> {
  const { patienceMs = defaultPatienceMs } = options;
  const server = createServer((request, response) => {
    void answer(request, response, options);
  });
  server.maxConnections = mostHttpConnections;
  server.on("connection", (socket) => endAfter(patienceMs, socket));
  return new Promise((resolve, reject) => {
    const { host, port } = options;
    server.once("error", (error) => {
      const why = listenFailure(error.message, { host, port, flag: "--metrics-port" });
      reject(new Error(why, { cause: error }));
    });
    server.listen(port, host, () => resolve({ port: portOf(server), close: () => close(server) }));
  });
}

/**
 * Closes a connection after a fixed time, whatever it does. Node's own timeouts keep a connection open for a client
 * that does not read, or that sends or reads a byte now and then.
 */
function endAfter(patienceMs: number, socket: Socket): void {
  const callOff = idleClock.after(patienceMs, () => socket.destroy());
  socket.once("close", callOff);
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly text: string;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpOptions,
): Promise<void> {
  const { status, type = "text/plain; charset=utf-8", text } = await answerTo(request, options);
  const isHead = request.method === "HEAD";
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    // One request per connection: otherwise the timeout could interrupt a later request.
    connection: "close",
  });
  response.end(isHead ? undefined : text);
}

async function answerTo(request: IncomingMessage, options: HttpOptions): Promise<Answer> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return { status: 405, text: "only GET and HEAD\n" };
  }
  const [path = ""] = (request.url ?? "").split("?");
  switch (path) {
    case "/metrics":
      return metricsAnswer(options);
    case "/healthz":
      // A process that answers is alive, whatever the state of its models.
      return { status: 200, text: "alive\n" };
    case "/readyz":
      return options.isReady()
        ? { status: 200, text: "ready\n" }
        : { status: 503, text: "not ready\n" };
    default:
      return { status: 404, text: "there are /metrics, /healthz and /readyz\n" };
  }
}

async function metricsAnswer({ metrics, onFailure }: HttpOptions): Promise<Answer> {
  try {
    return { status: 200, type: metrics.contentType, text: await metrics.text() };
  } catch (error) {
    onFailure(error);
    return { status: 500, text: "metrics cannot be made\n" };
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
