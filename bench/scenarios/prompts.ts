import { realClock } from "../load/clock.ts";
import {
  callersTogether,
  measurePrompts,
  type PromptsOptions,
  type PromptsResult,
  repeated,
} from "../load/prompts.ts";
import type { Context, Scenario } from "../lib/scenario.ts";
import { type Measured, onPromptServer, serverText, wanted } from "./prompt-server.ts";
import { promptsClaims, promptsTables } from "./prompts-report.ts";

const lengths = { long: 1900, middle: 200, short: 50 } as const;

export const promptsText = `Prompts of ${lengths.long} tokens, answers of 16: three one after the other, then ten from ${callersTogether} callers, each of which begins a call when its last one has ended. Then prompts of ${lengths.short}, ${lengths.middle} and ${lengths.long} tokens in an order that is drawn, half of them short and a quarter of each other length: 8 from one caller, 16 from ${callersTogether}. Then, twice, a prompt of ${lengths.short} tokens arrives while ${callersTogether} of ${lengths.long} are read, a quarter of what one of those takes alone after they came; they are cancelled once it is answered. No two prompts begin alike. Prompt tokens a second are over the whole time, answers included.`;

export const prompts: Scenario = {
  name: "prompts",
  title: "How fast prompts are read, alone, together and of mixed lengths",
  method: `${serverText}. ${promptsText}`,
  async run(context) {
    const { result, seats } = await inferdPrompts(context, 0);
    const all = { inferd: [result] };
    return {
      claims: promptsClaims(all.inferd),
      tables: promptsTables(all),
      data: { seats, inferd: result },
    };
  },
};

export function inferdPrompts(context: Context, turn: number): Promise<Measured<PromptsResult>> {
  return onPromptServer(context, { seats: wanted, leastSlots: 5 }, (stream) => {
    context.say("inferd: prompts");
    return measurePrompts(stream, promptsOptions(context, turn));
  });
}

/** What is asked in one turn; another turn has other prompts. */
export function promptsOptions({ isSmoke }: Context, turn: number): PromptsOptions {
  const { long, middle, short } = lengths;
  const mixOf = (times: number): readonly number[] =>
    [short, short, middle, long].flatMap((tokens) => repeated(tokens, times));
  return {
    longTokens: long,
    shortTokens: short,
    alone: isSmoke ? 1 : 3,
    together: isSmoke ? 4 : 10,
    mixAlone: mixOf(isSmoke ? 1 : 2),
    mixTogether: mixOf(isSmoke ? 1 : 4),
    arrivals: isSmoke ? 1 : 2,
    answerTokens: 16,
    seed: turn,
    clock: realClock,
  };
}
