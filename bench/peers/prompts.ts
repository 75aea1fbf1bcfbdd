import { measurePrompts, type PromptsResult } from "../load/prompts.ts";
import type { Context, Scenario } from "../lib/scenario.ts";
import type { Seats } from "../lib/seats.ts";
import { serverText } from "../scenarios/prompt-server.ts";
import { inferdPrompts, promptsOptions, promptsText } from "../scenarios/prompts.ts";
import { promptsPeersClaims, promptsTables } from "../scenarios/prompts-report.ts";
import { type Programs, programsOnPrebuilt, programsVersion } from "./llama.ts";
import { onLlamaServer, peerText } from "./prompt-server.ts";

export const promptsPeers: Scenario = {
  name: "prompts-peers",
  title: "How fast prompts are read, inferd and llama-server",
  method: `${serverText}. ${peerText} It remembers no prompts here. ${promptsText} In turns, the servers one after the other in an order that changes; ratios are the median of each turn's, and the tables have the calls of all turns.`,
  async run(context) {
    const programs = programsOnPrebuilt();
    const inferd: PromptsResult[] = [];
    const server: PromptsResult[] = [];
    const { seats, result } = await inferdPrompts(context, 0);
    inferd.push(result);
    server.push(await llamaPrompts(programs, { context, seats, turn: 0 }));
    if (!context.isSmoke) {
      server.push(await llamaPrompts(programs, { context, seats, turn: 1 }));
      inferd.push((await inferdPrompts(context, 1)).result);
    }
    return {
      claims: promptsPeersClaims(inferd, server),
      tables: promptsTables({ inferd, "llama-server": server }),
      data: { seats, inferd, server },
      versions: { "llama.cpp programs": await programsVersion(programs) },
    };
  },
};

interface LlamaTurn {
  readonly context: Context;
  readonly seats: Seats;
  readonly turn: number;
}

function llamaPrompts(
  programs: Programs,
  { context, seats, turn }: LlamaTurn,
): Promise<PromptsResult> {
  return onLlamaServer({ programs, context, seats }, (stream) => {
    context.say("llama-server: prompts");
    return measurePrompts(stream, promptsOptions(context, turn));
  });
}
