import { realClock } from "../load/clock.ts";
import {
  type LongPromptOptions,
  type LongPromptResult,
  measureLongPrompt,
} from "../load/long-prompt.ts";
import type { Claim, Context, Scenario, Table } from "../lib/scenario.ts";
import { type Measured, onPromptServer } from "./prompt-server.ts";

const promptTokens = 2000;

export const longPrompt: Scenario = {
  name: "long-prompt",
  title: "A long prompt enters while three streams run",
  method:
    "Model of 0.6B shape (random weights, Q4_0). Three streams run and a prompt of 2,000 tokens enters: their rate and gaps until its first token are compared with the same streams' over the same of their tokens where no prompt enters, over several repeats. (A stream's steps take longer as it grows, which is not the prompt's doing.)",
  async run(context) {
    const { result, seats } = await inferdWithLongPrompt(context);
    return {
      claims: longPromptClaims(result),
      tables: [longPromptTable([["inferd", result]])],
      data: { seats, inferd: result },
    };
  },
};

export function longPromptOptions({ isSmoke }: Context): LongPromptOptions {
  return {
    streams: 3,
    promptTokens: isSmoke ? 500 : promptTokens,
    undisturbedTokens: isSmoke ? 10 : 60,
    repeats: isSmoke ? 1 : 3,
    clock: realClock,
  };
}

/** inferd in its defaults. */
export async function inferdWithLongPrompt(context: Context): Promise<Measured<LongPromptResult>> {
  return onPromptServer(context, { seats: undefined, leastSlots: 4 }, (stream) => {
    context.say("inferd: streams with and without a long prompt");
    return measureLongPrompt(stream, longPromptOptions(context));
  });
}

/** What a long prompt does to streams, and they to it. */
export function longPromptClaims(
  { rateKept, gapGrowth, longPromptFirstTokenMs }: LongPromptResult,
  prompt = "a 2,000-token prompt",
): readonly Claim[] {
  return [
    {
      what: `rate that streams keep while ${prompt} enters`,
      value: rateKept,
      unit: "×",
      aim: { relation: "≥", value: 0.6 },
    },
    {
      what: `their p99 gap while ${prompt} enters, against undisturbed`,
      value: gapGrowth,
      unit: "×",
      aim: { relation: "≤", value: 4 },
    },
    {
      what: `first token of ${prompt} next to three streams, p50`,
      value: longPromptFirstTokenMs?.p50 ?? NaN,
      unit: "ms",
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
