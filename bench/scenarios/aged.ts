import { realClock } from "../load/clock.ts";
import {
  type LongPromptOptions,
  type LongPromptResult,
  measureLongPrompt,
} from "../load/long-prompt.ts";
import { assertNoErrors, assertRead, measure } from "../load/measure.ts";
import { exactly, requests } from "../load/requests.ts";
import type { StreamTarget } from "../load/target.ts";
import type { Claim, Context, Scenario, Table } from "../lib/scenario.ts";
import { rounded } from "../lib/statistics.ts";
import {
  measureWaves,
  medianOf,
  shape,
  streamCounts,
  streamsText,
  type Wave,
  waveTables,
} from "./generation.ts";
import { longPromptClaims, longPromptTable } from "./long-prompt.ts";
import { type Measured, onPromptServer, serverText, wanted } from "./prompt-server.ts";

const ageing = { prompts: 200, least: 200, most: 400, callers: 8 } as const;
const longTokens = 1900;

export const agedText = `On a fresh server, waves of calls that begin together, as generation has them (prompts of ${shape.promptTokens} tokens, ${shape.newTokens} new ones), and a prompt of ${longTokens} tokens next to three streams, as in long-prompt. Then it ages: ${ageing.prompts} prompts of ${ageing.least} to ${ageing.most} tokens, one new token each, from ${ageing.callers} callers without a pause. Then the same waves and the same long prompt again, of other tokens. Medians of several waves.`;

/** One server's figures before and after it has read many prompts. */
export interface Aged {
  readonly fresh: Figures;
  readonly aged: Figures;
}

interface Figures {
  readonly waves: readonly Wave[];
  readonly longPrompt: LongPromptResult;
}

export const aged: Scenario = {
  name: "aged",
  title: "A server that has read 200 prompts, against the same one fresh",
  method: `${serverText}. ${agedText}`,
  async run(context) {
    const { result, seats } = await inferdAged(context);
    return {
      claims: [...agedClaims(result), ...agedLongPromptClaims(result)],
      tables: agedTables({ inferd: result }),
      data: { seats, inferd: result },
    };
  },
};

export function inferdAged(context: Context): Promise<Measured<Aged>> {
  return onPromptServer(context, { seats: wanted, leastSlots: 4 }, (stream) =>
    measureAged(stream, context, "inferd"),
  );
}

export async function measureAged(
  target: StreamTarget,
  context: Context,
  name: string,
): Promise<Aged> {
  const fresh = await figures(target, context, { name: `${name}, fresh`, seed: 1 });
  context.say(`${name}: ageing`);
  await age(target, context);
  return { fresh, aged: await figures(target, context, { name: `${name}, aged`, seed: 2 }) };
}

async function figures(
  target: StreamTarget,
  context: Context,
  { name, seed }: { readonly name: string; readonly seed: number },
): Promise<Figures> {
  const { isSmoke, say } = context;
  const waves = await measureWaves(target, { count: isSmoke ? 1 : 5, name, say, seed });
  say(`${name}: streams with and without a long prompt`);
  return { waves, longPrompt: await measureLongPrompt(target, longOptions(isSmoke, seed)) };
}

function longOptions(isSmoke: boolean, seed: number): LongPromptOptions {
  return {
    streams: 3,
    promptTokens: isSmoke ? 500 : longTokens,
    undisturbedTokens: isSmoke ? 10 : 60,
    repeats: isSmoke ? 1 : 2,
    seed,
    clock: realClock,
  };
}

async function age(target: StreamTarget, { isSmoke }: Context): Promise<void> {
  const measured = await measure(target, {
    load: { kind: "closed", streams: ageing.callers },
    calls: isSmoke ? 20 : ageing.prompts,
    durationMs: Infinity,
    request: requests({
      prompt: { kind: "tokens", tokens: { least: ageing.least, most: ageing.most } },
      newTokens: exactly(1),
      seed: 3,
    }),
  });
  assertNoErrors(measured);
  assertRead(measured);
}

/** The rate that is left, by the number of streams. */
export function agedClaims({ fresh, aged: after }: Aged, name = "inferd"): readonly Claim[] {
  return streamCounts.map((streams) => {
    const rate = ({ waves }: Figures): number =>
      medianOf(waves, streams, (wave) => wave.tokensPerSecond);
    return {
      what: `tokens a second of ${name} after 200 prompts, of its fresh ones, ${streamsText(streams)}`,
      value: rounded(rate(after) / rate(fresh)),
      unit: "×",
      ...(name === "inferd" && { aim: { relation: "≥", value: 0.97 } as const }),
    };
  });
}

export const agedPrompt = "a 1,900-token prompt on an aged server";

export function agedLongPromptClaims({ fresh, aged: after }: Aged): readonly Claim[] {
  const firstMs = ({ longPrompt }: Figures): number =>
    longPrompt.longPromptFirstTokenMs?.p50 ?? NaN;
  return [
    ...longPromptClaims(after.longPrompt, agedPrompt),
    {
      what: "the same, against the fresh server",
      value: rounded(firstMs(after) / firstMs(fresh)),
      unit: "×",
    },
  ];
}

export function agedTables(all: Readonly<Record<string, Aged>>): readonly Table[] {
  const each = Object.entries(all).flatMap(([name, { fresh, aged: after }]) => [
    [`${name}, fresh`, fresh] as const,
    [`${name}, aged`, after] as const,
  ]);
  return [
    ...waveTables(each.map(([name, { waves }]) => [name, waves] as const)),
    longPromptTable(each.map(([name, { longPrompt }]) => [name, longPrompt] as const)),
  ];
}
