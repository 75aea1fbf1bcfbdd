/** Servers that stream completions over HTTP as server-sent events: asked, read as they stream, or not read. */
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import type { ChildProcess } from "node:child_process";
import { errorMessage } from "../../src/base/text.ts";
import { noCounts, type StreamEnd, type StreamReader, type StreamRequest } from "../load/target.ts";

export interface HttpPeer {
  readonly port: number;
  /** The JSON that asks for a completion at `/completion`. */
  readonly bodyOf: (call: StreamRequest) => string;
}

/** One event of a stream; the last one may have counts. */
interface Event {
  readonly tokens?: readonly number[];
  readonly stop?: boolean;
  readonly tokens_evaluated?: number;
  readonly tokens_predicted?: number;
  readonly timings?: { readonly cache_n?: number };
}

// llama-server closes idle connections at times, and a call that was just sent on one would fail.
const agent = new Agent({ keepAlive: false, maxSockets: Infinity });

export async function streamOverHttp(
  peer: HttpPeer,
  call: StreamRequest,
  reader: StreamReader,
): Promise<StreamEnd> {
  try {
    const response = await post(peer, call, reader.signal);
    if (response.statusCode !== 200) {
      response.resume();
      return { code: `HTTP ${response.statusCode ?? "without status"}`, ...noCounts };
    }
    let last: Event | undefined;
    for await (const line of createInterface({ input: response })) {
      if (!line.startsWith("data: {")) continue;
      // The server's own events.
      const event = JSON.parse(line.slice("data: ".length)) as Event;
      if (event.stop === true) last = event;
      else tell(event, reader);
    }
    return last === undefined ? { code: "ENDED_WITHOUT_FINISH", ...noCounts } : endOf(last);
  } catch (error) {
    if (reader.signal.aborted) return { code: "CANCELLED", ...noCounts };
    return { code: errorMessage(error), ...noCounts };
  }
}

function tell({ tokens = [] }: Event, { onTokens, onIds }: StreamReader): void {
  if (tokens.length === 0) return;
  onTokens(tokens.length);
  onIds?.(tokens);
}

async function post(
  { port, bodyOf }: HttpPeer,
  call: StreamRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const body = bodyOf(call);
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const options = { host: "127.0.0.1", port, path: "/completion", method: "POST" };
  const sent = request({ ...options, headers, agent, signal });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return response;
}

function endOf({ tokens_evaluated, tokens_predicted, timings }: Event): StreamEnd {
  return {
    code: "OK",
    promptTokens: tokens_evaluated ?? 0,
    cachedPromptTokens: timings?.cache_n ?? 0,
    completionTokens: tokens_predicted ?? 0,
  };
}

/** A stream whose caller asks and then reads nothing more from its connection. */
export interface Silent {
  /** Reads the rest at last, and gives what it says of its end. */
  readonly readEnd: () => Promise<string>;
}

export function silentOverHttp({ port, bodyOf }: HttpPeer, call: StreamRequest): Silent {
  const socket = connect(port, "127.0.0.1");
  socket.pause();
  const body = bodyOf(call);
  socket.write(
    `POST /completion HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  const readEnd = async (): Promise<string> => {
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.on("error", () => undefined);
    socket.resume();
    await Promise.race([once(socket, "close"), wait(2000)]);
    socket.destroy();
    return text.includes('"stop":true') || text.includes('"stop": true')
      ? "200, all of it"
      : "cut off";
  };
  return { readEnd };
}

/** Asks until the server says that it is ready. */
export async function readyOverHttp(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null) {
    const response = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
    if (response?.ok === true) return;
    await wait(50);
  }
  throw new Error("the server did not get ready");
}
