/** The server that prompts are read on: room for sixteen sequences of 2,048 tokens is asked for. */
import { openInferd } from "../load/inferd.ts";
import type { StreamTarget } from "../load/target.ts";
import { manifestFor, randomModel } from "../lib/model.ts";
import type { Context } from "../lib/scenario.ts";
import { type Seats, seatsOf } from "../lib/seats.ts";
import { withServer } from "../lib/server.ts";

export const temperature = 0.8;

export const wanted: Seats = { slots: 16, contextTokens: 2048 };

export const serverText = `Model of 0.6B shape (random weights, Q4_0), its manifest asking for ${wanted.slots} sequences of ${wanted.contextTokens} tokens`;

/** What was measured on inferd, and what another server must have to be compared with it. */
export interface Measured<T> {
  readonly result: T;
  readonly seats: Seats;
}

export interface PromptServerOptions {
  /** What its manifest asks for; undefined leaves it to inferd's defaults. */
  readonly seats: Seats | undefined;
  /** Calls that must run at once, or their queue would be measured. */
  readonly leastSlots: number;
}

/** Runs a measurement on a fresh inferd. */
export async function onPromptServer<T>(
  context: Context,
  { seats, leastSlots }: PromptServerOptions,
  run: (stream: StreamTarget) => Promise<T>,
): Promise<Measured<T>> {
  const model = randomModel(context);
  const path = seats === undefined ? model : manifestFor(model, seats);
  return withServer({ flags: ["--model", path] }, async ({ address }) => {
    const target = openInferd({ address, model: "", temperature, connections: 1 });
    try {
      const has = await seatsOf(address);
      if (has.slots < leastSlots) throw new Error(`with ${has.slots} slots, calls would queue`);
      return { seats: has, result: await run(target.stream) };
    } finally {
      target.close();
    }
  });
}
