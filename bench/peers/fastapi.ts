/** The FastAPI app beside this file, on the weights that the others have. */
import { join } from "node:path";
import { startProcess, stopProcess } from "../lib/child.ts";
import { runScript } from "../lib/model.ts";
import { repository } from "../lib/paths.ts";
import { freePort } from "../lib/port.ts";
import type { StreamRequest } from "../load/target.ts";
import { readyOverHttp, silentOverHttp, streamOverHttp } from "./http-stream.ts";
import type { Peer } from "./peer.ts";

export interface FastApiOptions {
  readonly model: string;
  readonly temperature: number;
  readonly threads: number;
}

export async function withFastApi<T>(
  { model, temperature, threads }: FastApiOptions,
  run: (peer: Peer) => Promise<T>,
): Promise<T> {
  const python = runScript("python", "fastapi.txt");
  const port = await freePort();
  const app = join(repository, "bench", "peers", "fastapi_app.py");
  const child = startProcess(python, [app, model, String(port), String(threads)], {
    env: { ...process.env, OMP_NUM_THREADS: String(threads), HF_HUB_OFFLINE: "1" },
    stdio: "ignore",
  });
  if (child.pid === undefined) throw new Error("Python could not be started");
  const http = { port, bodyOf: (call: StreamRequest) => bodyOf(call, temperature) };
  const state = async (): Promise<State> => {
    const response = await fetch(`http://127.0.0.1:${port}/state`);
    // Our own app's answer.
    return (await response.json()) as State;
  };
  try {
    await readyOverHttp(child, port);
    return await run({
      stream: (call, reader) => streamOverHttp(http, call, reader),
      pid: child.pid,
      generated: async () => (await state()).generated,
      isIdle: async () => (await state()).running === 0,
      silent: (call) => silentOverHttp(http, call),
    });
  } finally {
    // It would go on generating for nobody before it ends.
    child.kill("SIGKILL");
    await stopProcess(child);
  }
}

interface State {
  readonly generated: number;
  readonly running: number;
}

function bodyOf({ prompt, newTokens, seed }: StreamRequest, temperature: number): string {
  if (prompt.kind === "text") throw new Error("the app takes tokens only");
  return JSON.stringify({ prompt: prompt.ids, new_tokens: newTokens, seed, temperature });
}
