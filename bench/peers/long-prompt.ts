import { type LongPromptResult, measureLongPrompt } from "../load/long-prompt.ts";
import type { Claim, Scenario } from "../lib/scenario.ts";
import { rounded } from "../lib/statistics.ts";
import {
  inferdWithLongPrompt,
  longPromptClaims,
  longPromptOptions,
  longPromptTable,
} from "../scenarios/long-prompt.ts";
import { programsOnPrebuilt, programsVersion } from "./llama.ts";
import { onLlamaServer, peerText } from "./prompt-server.ts";

export const longPromptPeers: Scenario = {
  name: "long-prompt-peers",
  title: "A long prompt enters while three streams run, inferd and llama-server",
  method: `As long-prompt. ${peerText} A rate alone is that of the same tokens of the streams that the prompt fell on, which are later ones, and slower, the longer the prompt takes: so the two servers' rates alone are not to be compared, only what each keeps of its own.`,
  async run(context) {
    const programs = programsOnPrebuilt();
    const { result: inferd, seats } = await inferdWithLongPrompt(context);
    context.say("llama-server: streams with and without a long prompt");
    const server = await onLlamaServer({ programs, context, seats }, (stream) =>
      measureLongPrompt(stream, longPromptOptions(context)),
    );
    return {
      claims: [...longPromptClaims(inferd), ...longPromptPeersClaims(inferd, server)],
      tables: [
        longPromptTable([
          ["inferd", inferd],
          ["llama-server", server],
        ]),
      ],
      data: { seats, inferd, server },
      versions: { "llama.cpp programs": await programsVersion(programs) },
    };
  },
};

/** What the prompt itself waits, against llama-server, whose streams stand still meanwhile. */
export function longPromptPeersClaims(
  inferd: LongPromptResult,
  server: LongPromptResult,
  prompt = "a 2,000-token prompt",
): readonly Claim[] {
  const firstMs = ({ longPromptFirstTokenMs }: LongPromptResult): number =>
    longPromptFirstTokenMs?.p50 ?? NaN;
  return [
    {
      what: `first token of ${prompt} next to three streams, against llama-server`,
      value: rounded(firstMs(inferd) / firstMs(server)),
      unit: "×",
      aim: { relation: "≤", value: 3 },
    },
    {
      what: `rate that llama-server's streams keep while ${prompt} enters`,
      value: server.rateKept,
      unit: "×",
    },
  ];
}
