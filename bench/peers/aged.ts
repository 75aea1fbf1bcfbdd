import type { Claim, Scenario } from "../lib/scenario.ts";
import { rounded } from "../lib/statistics.ts";
import {
  type Aged,
  agedClaims,
  agedLongPromptClaims,
  agedPrompt,
  agedTables,
  agedText,
  inferdAged,
  measureAged,
} from "../scenarios/aged.ts";
import { medianOf, streamCounts, streamsText } from "../scenarios/generation.ts";
import { serverText } from "../scenarios/prompt-server.ts";
import { programsOnPrebuilt, programsVersion } from "./llama.ts";
import { longPromptPeersClaims } from "./long-prompt.ts";
import { onLlamaServer, peerText } from "./prompt-server.ts";

export const agedPeers: Scenario = {
  name: "aged-peers",
  title: "A server that has read 200 prompts, inferd and llama-server",
  method: `${serverText}. ${peerText} It remembers no prompts here. ${agedText}`,
  async run(context) {
    const programs = programsOnPrebuilt();
    const { result: inferd, seats } = await inferdAged(context);
    const server = await onLlamaServer({ programs, context, seats }, (stream) =>
      measureAged(stream, context, "llama-server"),
    );
    return {
      claims: [
        ...agedClaims(inferd),
        ...agedClaims(server, "llama-server"),
        ...agedPeersClaims(inferd, server),
        ...agedLongPromptClaims(inferd),
        ...longPromptPeersClaims(inferd.aged.longPrompt, server.aged.longPrompt, agedPrompt),
      ],
      tables: agedTables({ inferd, "llama-server": server }),
      data: { seats, inferd, server },
      versions: { "llama.cpp programs": await programsVersion(programs) },
    };
  },
};

/** Both aged: inferd's rate over llama-server's. */
export function agedPeersClaims(inferd: Aged, server: Aged): readonly Claim[] {
  return streamCounts.map((streams) => {
    const rate = ({ aged: { waves } }: Aged): number =>
      medianOf(waves, streams, (wave) => wave.tokensPerSecond);
    return {
      what: `generation after 200 prompts against llama-server, ${streamsText(streams)}`,
      value: rounded(rate(inferd) / rate(server)),
      unit: "×",
    };
  });
}
