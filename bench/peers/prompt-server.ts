/** llama-server with what inferd has, for the scenarios about prompts. */
import { randomModel } from "../lib/model.ts";
import type { Context } from "../lib/scenario.ts";
import type { Seats } from "../lib/seats.ts";
import type { StreamTarget } from "../load/target.ts";
import { temperature } from "../scenarios/prompt-server.ts";
import type { Programs } from "./llama.ts";
import { withLlamaServer } from "./llama-server.ts";

export const peerText =
  "llama-server runs on the same libllama and threads, with as many slots of the same context as inferd says that it has, else in its defaults.";

export interface LlamaPromptServer {
  readonly programs: Programs;
  readonly context: Context;
  readonly seats: Seats;
  /** Whether prompts go on from what earlier ones left; not where it is undefined. */
  readonly cachePrompt?: boolean;
}

/** Runs a measurement on a fresh llama-server. */
export async function onLlamaServer<T>(
  { programs, context, seats, cachePrompt = false }: LlamaPromptServer,
  run: (stream: StreamTarget) => Promise<T>,
): Promise<T> {
  const options = { model: randomModel(context), ...seats, temperature, cachePrompt };
  return withLlamaServer(programs, options, ({ stream }) => run(stream));
}
