/** llama-server, with its own programs' library or inferd's. */
import { join } from "node:path";
import { startProcess, stopProcess } from "../lib/child.ts";
import { total } from "../lib/metrics.ts";
import { freePort } from "../lib/port.ts";
import type { StreamRequest } from "../load/target.ts";
import { readyOverHttp, silentOverHttp, streamOverHttp } from "./http-stream.ts";
import { type Programs, threads as allThreads } from "./llama.ts";
import type { Peer } from "./peer.ts";

export interface LlamaServerOptions {
  readonly model: string;
  readonly slots: number;
  /** Of every slot. */
  readonly contextTokens: number;
  readonly temperature: number;
  /** All cores where it is undefined. */
  readonly threads?: number;
  /** Whether a prompt may go on from what an earlier one left; not where it is undefined. */
  readonly cachePrompt?: boolean;
}

export async function withLlamaServer<T>(
  { folder, setting }: Programs,
  options: LlamaServerOptions,
  run: (peer: Peer) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const { threads = allThreads } = options;
  const child = startProcess(
    join(folder, "llama-server"),
    [
      ...["--model", options.model, "--host", "127.0.0.1", "--port", String(port)],
      ...["--threads", String(threads), "--threads-batch", String(threads)],
      ...["--parallel", String(options.slots), "--metrics"],
      ...["--ctx-size", String(options.slots * options.contextTokens)],
    ],
    { ...setting, stdio: "ignore" },
  );
  if (child.pid === undefined) throw new Error("llama-server could not be started");
  const http = { port, bodyOf: (call: StreamRequest) => bodyOf(call, options) };
  try {
    await readyOverHttp(child, port);
    return await run({
      stream: (call, reader) => streamOverHttp(http, call, reader),
      pid: child.pid,
      generated: () => total(port, "llamacpp:tokens_predicted_total"),
      isIdle: () => isIdle(port),
      silent: (call) => silentOverHttp(http, call),
    });
  } finally {
    await stopProcess(child);
  }
}

async function isIdle(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/slots`);
  // llama-server's own answer.
  const slots = (await response.json()) as readonly { readonly is_processing: boolean }[];
  return slots.every((slot) => !slot.is_processing);
}

/** The JSON that asks for a completion. */
export function bodyOf(
  { prompt, newTokens, seed }: StreamRequest,
  { temperature, cachePrompt = false }: Pick<LlamaServerOptions, "temperature" | "cachePrompt">,
): string {
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
    cache_prompt: cachePrompt,
    return_token_ids: true,
    stream: true,
  });
}
