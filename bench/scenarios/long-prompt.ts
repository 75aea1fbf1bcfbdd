import { realClock } from "../load/clock.ts";
import { openInferd } from "../load/inferd.ts";
import {
  type LongPromptOptions,
  type LongPromptResult,
  measureLongPrompt,
} from "../load/long-prompt.ts";
import { randomModel } from "../lib/model.ts";
import type { Claim, Context, Scenario, Table } from "../lib/scenario.ts";
import { withServer } from "../lib/server.ts";

export const longPrompt: Scenario = {
  name: "long-prompt",
  title: "A long prompt enters while three streams run",
  method:
    "Model of 0.6B shape (random weights, Q4_0). Three streams run and a prompt of 2,000 tokens enters: their rate and gaps until its first token are compared with the same streams' over the same of their tokens where no prompt enters, over several repeats. (A stream's steps take longer as it grows, which is not the prompt's doing.)",
  async run(context) {
    const { result } = await inferdWithLongPrompt(context);
    return {
      claims: longPromptClaims(result),
      tables: [longPromptTable([["inferd", result]])],
      data: { inferd: result },
    };
  },
};

export function longPromptOptions({ isSmoke }: Context): LongPromptOptions {
  return {
    streams: 3,
    promptTokens: isSmoke ? 500 : 2000,
    undisturbedTokens: isSmoke ? 10 : 60,
    repeats: isSmoke ? 1 : 3,
    clock: realClock,
  };
}

export async function inferdWithLongPrompt(
  context: Context,
): Promise<{ readonly result: LongPromptResult }> {
  const flags = ["--model", randomModel(context)];
  return withServer({ flags }, async ({ address }) => {
    const target = openInferd({ address, model: "", temperature: 0.8, connections: 1 });
    try {
      context.say("inferd: streams with and without a long prompt");
      return { result: await measureLongPrompt(target.stream, longPromptOptions(context)) };
    } finally {
      target.close();
    }
  });
}

export function longPromptClaims({ rateKept, gapGrowth }: LongPromptResult): readonly Claim[] {
  return [
    {
      what: "rate that streams keep while a 2,000-token prompt enters",
      value: rateKept,
      unit: "×",
      aim: { relation: "≥", value: 0.6 },
    },
    {
      what: "their p99 gap meanwhile, against undisturbed",
      value: gapGrowth,
      unit: "×",
      aim: { relation: "≤", value: 3 },
    },
  ];
}

export function longPromptTable(
  results: readonly (readonly [name: string, result: LongPromptResult])[],
): Table {
  return {
    title: "Tokens a second of one stream, and gaps between its tokens in milliseconds",
    columns: [
      "",
      "rate alone",
      "rate meanwhile",
      "rate kept",
      "p99 gap alone",
      "p99 gap meanwhile",
      "longest gap",
      "first token of the long prompt",
    ],
    rows: results.map(([name, { undisturbed, disturbed, rateKept, longPromptFirstTokenMs }]) => [
      name,
      undisturbed.tokensPerSecondOfStream,
      disturbed.tokensPerSecondOfStream,
      `${rateKept} ×`,
      undisturbed.gapMs?.p99 ?? "",
      disturbed.gapMs?.p99 ?? "",
      disturbed.gapMs?.max ?? "",
      longPromptFirstTokenMs?.p50 ?? "",
    ]),
  };
}
