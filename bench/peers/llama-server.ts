/** llama-server: started, asked over HTTP, read as it streams. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { startProcess, stopProcess } from "../lib/child.ts";
import { freePort } from "../lib/port.ts";
import { noCounts, type StreamEnd, type StreamRequest, type StreamTarget } from "../load/target.ts";
import { type Programs, threads } from "./llama.ts";

export interface LlamaServerOptions {
  readonly model: string;
  readonly slots: number;
  /** Of every slot. */
  readonly contextTokens: number;
  readonly temperature: number;
}

export async function withLlamaServer<T>(
  { folder, setting }: Programs,
  options: LlamaServerOptions,
  run: (target: StreamTarget) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const child = startProcess(
    join(folder, "llama-server"),
    [
      ...["--model", options.model, "--host", "127.0.0.1", "--port", String(port)],
      ...["--threads", String(threads), "--threads-batch", String(threads)],
      ...["--parallel", String(options.slots)],
      ...["--ctx-size", String(options.slots * options.contextTokens)],
    ],
    { ...setting, stdio: "ignore" },
  );
  // llama-server closes idle connections at times, and a call that was just sent on one would fail.
  const agent = new Agent({ keepAlive: false, maxSockets: Infinity });
  try {
    await ready(child, port);
    return await run((call, reader) => {
      return stream({ port, agent, temperature: options.temperature }, call, reader);
    });
  } finally {
    agent.destroy();
    await stopProcess(child);
  }
}

async function ready(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null) {
    const response = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
    if (response?.ok === true) return;
    await wait(50);
  }
  throw new Error("llama-server did not get ready");
}

interface Connection {
  readonly port: number;
  readonly agent: Agent;
  readonly temperature: number;
}

/** One event of llama-server's stream; the last one has the counts. */
interface Event {
  readonly tokens?: readonly number[];
  readonly stop?: boolean;
  readonly tokens_evaluated?: number;
  readonly tokens_predicted?: number;
  readonly timings?: { readonly cache_n?: number };
}

async function stream(
  connection: Connection,
  call: StreamRequest,
  { signal, onTokens }: Parameters<StreamTarget>[1],
): Promise<StreamEnd> {
  try {
    const response = await post(connection, bodyOf(call, connection.temperature), signal);
    if (response.statusCode !== 200) {
      response.resume();
      return { code: `HTTP ${response.statusCode ?? "without status"}`, ...noCounts };
    }
    let last: Event | undefined;
    for await (const line of createInterface({ input: response })) {
      if (!line.startsWith("data: {")) continue;
      // llama-server's own events.
      const event = JSON.parse(line.slice("data: ".length)) as Event;
      if (event.stop === true) last = event;
      else if (event.tokens !== undefined && event.tokens.length > 0) onTokens(event.tokens.length);
    }
    return last === undefined ? { code: "ENDED_WITHOUT_FINISH", ...noCounts } : endOf(last);
  } catch (error) {
    if (signal.aborted) return { code: "CANCELLED", ...noCounts };
    return { code: error instanceof Error ? error.message : String(error), ...noCounts };
  }
}

async function post(
  { port, agent }: Connection,
  body: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const options = { host: "127.0.0.1", port, path: "/completion", method: "POST" };
  const sent = request({ ...options, headers, agent, signal });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return response;
}

function bodyOf({ prompt, newTokens, seed }: StreamRequest, temperature: number): string {
  return JSON.stringify({
    prompt: prompt.kind === "text" ? prompt.text : prompt.ids,
    n_predict: newTokens,
    seed,
    temperature,
    // inferd's defaults, so that both choose tokens with the same work.
    top_k: 40,
    top_p: 0.95,
    min_p: 0.05,
    ignore_eos: true,
    cache_prompt: false,
    return_tokens: true,
    stream: true,
  });
}

function endOf({ tokens_evaluated, tokens_predicted, timings }: Event): StreamEnd {
  return {
    code: "OK",
    promptTokens: tokens_evaluated ?? 0,
    cachedPromptTokens: timings?.cache_n ?? 0,
    completionTokens: tokens_predicted ?? 0,
  };
}
