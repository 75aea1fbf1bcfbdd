/** What the scenarios about prompts say of what they measured, of one server and of two. */
import {
  callersTogether,
  medianFirstTokenMs,
  type PromptsResult,
  type Reading,
} from "../load/prompts.ts";
import type { Claim, Table } from "../lib/scenario.ts";
import { median, rounded, spread } from "../lib/statistics.ts";

/** Every turn of each server. */
export type PromptTurns = Readonly<Record<string, readonly PromptsResult[]>>;

/** Two chunks of 512 tokens and the short prompt itself, of what 1,900 tokens take. */
const twoChunks = 0.57;

export function promptsClaims(turns: readonly PromptsResult[]): readonly Claim[] {
  return [
    {
      what: "prompt tokens a second, one prompt of 1,900 tokens at a time",
      value: middle(turns, ({ alone }) => alone.promptTokensPerSecond),
      unit: "tokens/s",
    },
    {
      what: `prompt tokens a second, ten such prompts from ${callersTogether} callers`,
      value: middle(turns, ({ together }) => together.promptTokensPerSecond),
      unit: "tokens/s",
    },
    {
      what: "first token of a 50-token prompt that arrives while four of 1,900 are read, against one of 1,900 alone",
      value: middle(turns, ({ arrivals, alone }) => {
        return median(arrivals.map((one) => one.firstTokenMs)) / medianFirstTokenMs(alone);
      }),
      unit: "×",
      aim: { relation: "≤", value: twoChunks },
    },
  ];
}

/** inferd's figures over llama-server's, each turn's alone: the median turn's ratio. */
export function promptsPeersClaims(
  inferd: readonly PromptsResult[],
  peer: readonly PromptsResult[],
): readonly Claim[] {
  const ratio = (figure: (result: PromptsResult) => number): Pick<Claim, "value" | "unit"> => {
    const each = inferd.map((result, turn) => figure(result) / theirs(peer, turn, figure));
    return { value: rounded(median(each)), unit: "×" };
  };
  return [
    {
      what: "one prompt of 1,900 tokens, first token, against llama-server",
      ...ratio(({ alone }) => medianFirstTokenMs(alone)),
      aim: { relation: "≤", value: 1.05 },
    },
    {
      what: `ten such prompts from ${callersTogether} callers, prompt tokens a second, against llama-server`,
      ...ratio(({ together }) => together.promptTokensPerSecond),
      aim: { relation: "≥", value: 0.95 },
    },
    {
      what: "the same, first token p50, against llama-server",
      ...ratio(({ together }) => medianFirstTokenMs(together)),
      aim: { relation: "≤", value: 1.1 },
    },
    {
      what: "the same, end of the answer p50, against llama-server",
      ...ratio(({ together }) => median(together.calls.map((call) => call.totalMs))),
    },
    {
      what: `mixed prompts from ${callersTogether} callers, first token p50 of those of 50 tokens, against llama-server`,
      ...ratio(({ mixTogether }) => medianFirstTokenMs(ofLength(mixTogether, 50))),
    },
    {
      what: "first token of a 50-token prompt that arrives while four of 1,900 are read, against llama-server",
      ...ratio(({ arrivals }) => median(arrivals.map((one) => one.firstTokenMs))),
    },
  ];
}

function theirs(
  peer: readonly PromptsResult[],
  turn: number,
  figure: (result: PromptsResult) => number,
): number {
  const result = peer[turn];
  if (result === undefined) throw new Error("bug: the servers did not take as many turns");
  return figure(result);
}

export function promptsTables(all: PromptTurns): readonly Table[] {
  return [readingTable(all), arrivalTable(all)];
}

const loads = [
  { key: "alone", callers: 1, what: "long" },
  { key: "together", callers: callersTogether, what: "long" },
  { key: "mixAlone", callers: 1, what: "mixed" },
  { key: "mixTogether", callers: callersTogether, what: "mixed" },
] as const;

function readingTable(all: PromptTurns): Table {
  const rows = loads.flatMap(({ key, callers, what }) =>
    Object.entries(all).flatMap(([system, turns]) => {
      const readings = turns.map((turn) => turn[key]);
      const rate = middle(readings, (one) => one.promptTokensPerSecond);
      return lengthsOf(readings).map((tokens, index) => [
        what,
        callers,
        system,
        index === 0 ? rate : "",
        tokens,
        ...times(readings, tokens),
      ]);
    }),
  );
  return {
    title:
      "Prompt tokens a second, and milliseconds to the first token and to the answer's end, by the prompt's length",
    columns: [
      ...["prompts", "callers", "", "tokens/s", "of length", "calls"],
      ...["first p50", "first p99", "first max", "end p50", "end max"],
    ],
    rows,
  };
}

function arrivalTable(all: PromptTurns): Table {
  const rows = Object.entries(all).map(([system, turns]) => {
    const arrivals = turns.flatMap((turn) => turn.arrivals);
    return [
      system,
      middle(arrivals, (one) => one.aloneMs),
      middle(arrivals, (one) => one.firstTokenMs),
      rounded(Math.max(...arrivals.map((one) => one.firstTokenMs))),
      middle(arrivals, (one) => one.before),
    ];
  });
  return {
    title:
      "Milliseconds to the first token of a short prompt that arrives while four long ones are read",
    columns: ["", "alone", "meanwhile", "longest", "long ones answered before it"],
    rows,
  };
}

function lengthsOf(readings: readonly Reading[]): readonly number[] {
  const lengths = new Set(readings.flatMap(({ calls }) => calls.map(({ tokens }) => tokens)));
  return [...lengths].toSorted((a, b) => a - b);
}

/** Calls of all turns together: how many, their first tokens' median, 99th percentile and longest, and their ends'. */
function times(readings: readonly Reading[], tokens: number): readonly number[] {
  const calls = readings.flatMap((reading) => ofLength(reading, tokens).calls);
  const first = spread(calls.map((call) => call.firstTokenMs)) ?? nothing;
  const total = spread(calls.map((call) => call.totalMs)) ?? nothing;
  return [first.count, first.p50, first.p99, first.max, total.p50, total.max];
}

const nothing = { count: 0, p50: NaN, p99: NaN, max: NaN };

/** Only the calls whose prompt was so long. */
function ofLength(reading: Reading, tokens: number): Reading {
  return { ...reading, calls: reading.calls.filter((call) => call.tokens === tokens) };
}

function middle<T>(of: readonly T[], figure: (one: T) => number): number {
  return rounded(median(of.map(figure)));
}
