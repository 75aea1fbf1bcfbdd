/** The three servers that what happens under stress is compared on: one model, the same threads, 16 slots. */
import { join } from "node:path";
import { repository } from "../lib/paths.ts";
import { withFastApi } from "./fastapi.ts";
import { withInferd } from "./inferd.ts";
import { type Programs, threads as allThreads } from "./llama.ts";
import { withLlamaServer } from "./llama-server.ts";
import type { Peer } from "./peer.ts";

export const systems = ["inferd", "llama-server", "FastAPI"] as const;

export type System = (typeof systems)[number];

const model = join(repository, "models", "inferd-demo", "model.gguf");
const temperature = 0.8;

/** The model's own. */
const contextTokens = 2048;
export const slots = 16;

export interface SystemOptions {
  readonly programs: Programs;
  /** All cores where it is undefined. */
  readonly threads?: number;
  /** For inferd, beside its model. */
  readonly flags?: readonly string[];
  /** What a call of inferd takes as its gRPC deadline; HTTP has none. */
  readonly deadlineMs?: number;
}

export async function withSystem<T>(
  system: System,
  { programs, threads = allThreads, flags = [], deadlineMs }: SystemOptions,
  run: (peer: Peer) => Promise<T>,
): Promise<T> {
  switch (system) {
    case "inferd": {
      const folder = join(repository, "models", "inferd-demo");
      const all = ["--model", folder, "--cores", String(threads), ...flags];
      const deadline = deadlineMs === undefined ? {} : { deadlineMs };
      return withInferd({ flags: all, model: "inferd-demo", temperature, ...deadline }, run);
    }
    case "llama-server":
      return withLlamaServer(programs, { model, slots, contextTokens, temperature, threads }, run);
    case "FastAPI":
      return withFastApi({ model, temperature, threads }, run);
  }
}
