/** What the fairness scenario says of its parts. */
import type { Claim, Outcome } from "../lib/scenario.ts";
import { rounded, type Spread } from "../lib/statistics.ts";

/** Calls that the quiet caller keeps open where it makes several at once. */
export const streamsAtOnce = 8;

/** What one caller had in one part. */
export interface Had {
  readonly calls: number;
  readonly completed: number;
  readonly completedPerSecond: number;
  /** From the moment that a call was due to its end. */
  readonly tookMs: Spread | undefined;
  readonly firstTokenMs: Spread | undefined;
}

export interface Part {
  readonly quiet: Had;
  readonly neighbour: Had | undefined;
}

export interface Parts {
  readonly alone: Part;
  readonly busy: Part;
  readonly flooded: Part;
  readonly inBackground: Part;
  /** The quiet caller keeps several calls open. */
  readonly several: Part;
  readonly severalBeside: Part;
}

export function outcomeOf(parts: Parts): Outcome {
  const { alone, busy, flooded, inBackground, several, severalBeside } = parts;
  const named = {
    alone,
    "next to a busy neighbour": busy,
    "next to a flood": flooded,
    "next to a flood of batch jobs": inBackground,
    [`${streamsAtOnce} at once, alone`]: several,
    [`${streamsAtOnce} at once, next to a flood of batch jobs`]: severalBeside,
  };
  return {
    claims: claimsOf(parts),
    tables: [
      {
        title: "What each caller had",
        columns: [
          ...["", "calls", "completed", "call p50 ms", "p99 ms", "first token p50 ms", "p99 ms"],
          ...["neighbour's calls", "completed", "first token p50 ms"],
        ],
        rows: Object.entries(named).map(([name, { quiet, neighbour }]) => [
          ...[name, quiet.calls, quiet.completed],
          ...[quiet.tookMs, quiet.firstTokenMs].flatMap(halves),
          ...[neighbour?.calls ?? "", neighbour?.completed ?? ""],
          neighbour === undefined ? "" : (neighbour.firstTokenMs?.p50 ?? NaN),
        ]),
      },
    ],
    data: parts,
  };
}

function claimsOf(parts: Parts): readonly Claim[] {
  const { alone, busy, flooded, inBackground, several, severalBeside } = parts;
  const times = (part: Part, against: Part): number =>
    rounded((part.quiet.tookMs?.p99 ?? NaN) / (against.quiet.tookMs?.p99 ?? NaN));
  return [
    {
      what: "the quiet caller's calls next to a flood, p99, against next to a busy neighbour",
      value: times(flooded, busy),
      unit: "×",
      aim: { relation: "≤", value: 1.5 },
    },
    { what: "the same, against an idle server", value: times(flooded, alone), unit: "×" },
    {
      what: "the quiet caller's calls next to a flood of batch jobs, p99, against an idle server",
      value: times(inBackground, alone),
      unit: "×",
      aim: { relation: "≤", value: 1.5 },
    },
    {
      what: `the same where the quiet caller keeps ${streamsAtOnce} calls open`,
      value: times(severalBeside, several),
      unit: "×",
      aim: { relation: "≤", value: 1.5 },
    },
    {
      what: "the batch jobs' share of what the flood completed",
      value: rounded(
        (inBackground.neighbour?.completedPerSecond ?? NaN) /
          (flooded.neighbour?.completedPerSecond ?? NaN),
      ),
      unit: "×",
      aim: { relation: "≥", value: 0.5 },
    },
    {
      what: "the quiet caller's calls completed next to a flood",
      value: rounded(flooded.quiet.completed / flooded.quiet.calls),
      unit: "of its calls",
      aim: { relation: "≥", value: 1 },
    },
  ];
}

const halves = (figures: Spread | undefined): number[] => [
  figures?.p50 ?? NaN,
  figures?.p99 ?? NaN,
];
