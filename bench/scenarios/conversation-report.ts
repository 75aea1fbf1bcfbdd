/** What is said of chats that were measured, on one server or on two. */
import type { ReturnResult, Turn } from "../load/conversation.ts";
import type { Claim, Table } from "../lib/scenario.ts";
import { median, rounded } from "../lib/statistics.ts";

export interface Conversations {
  /** The turns of all chats, first turns first. */
  readonly rounds: readonly (readonly Turn[])[];
  readonly back: ReturnResult;
}

const returning =
  "second turn of a 1,000-token chat after 50 others, first token, against the first turn's";

export function conversationClaims(measured: Conversations): readonly Claim[] {
  return [
    {
      what: returning,
      value: measured.back.ratio,
      unit: "×",
      aim: { relation: "≤", value: 0.15 },
    },
    {
      what: "tokens of ten chats' earlier turns that were not read again",
      value: rememberedShare(laterTurns(measured)),
      unit: "of them",
    },
  ];
}

export function conversationPeersClaims(
  inferd: Conversations,
  server: Conversations,
): readonly Claim[] {
  return [
    ...conversationClaims(inferd),
    { what: `${returning}, llama-server`, value: server.back.ratio, unit: "×" },
    {
      what: "tokens of ten chats' earlier turns that were not read again, llama-server",
      value: rememberedShare(laterTurns(server)),
      unit: "of them",
    },
    {
      what: "first token of ten chats' turns after the first, p50, against llama-server",
      value: rounded(firstTokenMs(laterTurns(inferd)) / firstTokenMs(laterTurns(server))),
      unit: "×",
    },
  ];
}

/** All turns that had something before them. */
function laterTurns({ rounds }: Conversations): readonly Turn[] {
  return rounds.slice(1).flat();
}

function rememberedShare(turns: readonly Turn[]): number {
  const sum = (figure: (turn: Turn) => number): number =>
    turns.reduce((total, turn) => total + figure(turn), 0);
  return rounded(sum(({ cached }) => cached) / sum(({ known }) => known));
}

const firstTokenMs = (turns: readonly Turn[]): number =>
  median(turns.map((turn) => turn.firstTokenMs));

type Named = Readonly<Record<string, Conversations>>;

export function conversationTables(all: Named): readonly Table[] {
  return [roundTable(all), returnTable(all)];
}

function roundTable(all: Named): Table {
  const systems = Object.entries(all);
  const turns = Math.max(...systems.map(([, { rounds }]) => rounds.length));
  const rows = Array.from({ length: turns }, (_, index) => {
    const of = systems.map(([, { rounds }]) => rounds[index] ?? []);
    const prompt = median((of[0] ?? []).map((turn) => turn.prompt));
    return [index + 1, prompt, ...of.flatMap(roundCells)];
  });
  return {
    title:
      "Milliseconds to the first token of ten chats by their turn, and tokens of a prompt that were remembered",
    columns: [
      "turn",
      "prompt tokens",
      ...systems.flatMap(([name]) => [`${name}, p50`, "longest", "remembered, p50"]),
    ],
    rows,
  };
}

function roundCells(turns: readonly Turn[]): readonly number[] {
  return [
    rounded(firstTokenMs(turns)),
    rounded(Math.max(...turns.map((turn) => turn.firstTokenMs))),
    median(turns.map((turn) => turn.cached)),
  ];
}

function returnTable(all: Named): Table {
  return {
    title:
      "A chat whose second turn comes after fifty others, milliseconds to the first token, p50",
    columns: ["", "first turn", "second turn", "of the first", "tokens known", "remembered"],
    rows: Object.entries(all).map(([name, { back }]) => [
      name,
      rounded(firstTokenMs(back.first)),
      rounded(firstTokenMs(back.second)),
      `${back.ratio} ×`,
      median(back.second.map((turn) => turn.known)),
      median(back.second.map((turn) => turn.cached)),
    ]),
  };
}
