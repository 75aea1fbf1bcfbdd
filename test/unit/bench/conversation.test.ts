import { expect, it } from "vitest";
import {
  measureConversation,
  measureReturn,
  type ReturnResult,
  type Turn,
} from "../../../bench/load/conversation.ts";
import type { StreamTarget } from "../../../bench/load/target.ts";
import {
  conversationClaims,
  conversationPeersClaims,
  conversationTables,
} from "../../../bench/scenarios/conversation-report.ts";
import { VirtualClock } from "./virtual-clock.ts";

interface Behaviour {
  /** How many sequences it remembers, the newest ones. */
  readonly remembered: number;
  /** Answers of which it keeps an id to itself, of every so many. */
  readonly hidesEvery?: number;
}

interface Server {
  readonly target: StreamTarget;
  readonly calls: () => number;
}

/** Takes a millisecond for each token that it does not remember. */
function server(clock: VirtualClock, { remembered, hidesEvery = Infinity }: Behaviour): Server {
  const sequences: (readonly number[])[] = [];
  let calls = 0;
  const target: StreamTarget = async ({ prompt, newTokens }, { onTokens, onIds }) => {
    const call = (calls += 1);
    const ids = prompt.kind === "tokens" ? prompt.ids : [];
    // All but the last token of an earlier sequence has been read.
    const beginnings = sequences.map((one) => common(one.slice(0, -1), ids));
    const cachedPromptTokens = Math.max(0, ...beginnings);
    await clock.wait(ids.length - cachedPromptTokens);
    const answer = Array.from({ length: newTokens }, (_, index) => 100_000 + call * 100 + index);
    sequences.unshift([...ids, ...answer]);
    sequences.splice(remembered);
    const hides = call % hidesEvery === 0;
    onTokens(answer.length);
    onIds?.(hides ? answer.slice(1) : answer);
    const completionTokens = newTokens;
    return { code: "OK", promptTokens: ids.length, cachedPromptTokens, completionTokens };
  };
  return { target, calls: () => calls };
}

function common(one: readonly number[], other: readonly number[]): number {
  const end = one.findIndex((token, index) => token !== other[index]);
  return end < 0 ? one.length : end;
}

const shape = { chats: 3, firstTokens: 40, nextTokens: 10, answerTokens: 5 } as const;

async function rounds(behaviour: Behaviour) {
  const clock = new VirtualClock();
  const { target, calls } = server(clock, behaviour);
  const measured = measureConversation(target, { ...shape, turns: 3, clock });
  return { turns: await clock.run(measured), calls: calls() };
}

it("goes on from the very tokens that the server wrote", async () => {
  const { turns } = await rounds({ remembered: 100 });
  expect(turns.map(([chat]) => chat)).toEqual([
    { prompt: 40, known: 0, cached: 0, firstTokenMs: 40 },
    { prompt: 55, known: 45, cached: 44, firstTokenMs: 11 },
    { prompt: 70, known: 60, cached: 59, firstTokenMs: 11 },
  ]);
});

it("shows a server that remembers fewer chats than there are", async () => {
  const { turns } = await rounds({ remembered: 2 });
  expect(turns.flat().map(({ cached }) => cached)).toEqual(Array(9).fill(0));
  expect(turns[2]?.map(({ firstTokenMs }) => firstTokenMs)).toEqual([70, 70, 70]);
});

it("asks anew, uncounted, for an answer of which it was not told every token", async () => {
  const whole = await rounds({ remembered: 100 });
  const hidden = await rounds({ remembered: 100, hidesEvery: 4 });
  expect(hidden.turns).toEqual(whole.turns);
  expect(hidden.calls).toBeGreaterThan(whole.calls);
});

it("gives up on a server that never tells a whole answer", async () => {
  await expect(rounds({ remembered: 100, hidesEvery: 1 })).rejects.toThrow("told");
});

function returned(remembered: number): Promise<ReturnResult> {
  const clock = new VirtualClock();
  const others = { others: 5, otherTokens: { least: 20, most: 30 }, callers: 2 };
  const { target } = server(clock, { remembered });
  return clock.run(measureReturn(target, { ...shape, ...others, clock }));
}

it("holds a second turn after others against the chat's own first one", async () => {
  expect(await returned(100)).toMatchObject({ ratio: 11 / 40 });
  // The five others have pushed the three out.
  expect(await returned(5)).toMatchObject({ ratio: 55 / 40 });
});

const turn = (known: number, cached: number, firstTokenMs: number): Turn => {
  return { prompt: known + 10, known, cached, firstTokenMs };
};

function conversations(cached: number, firstTokenMs: number) {
  const back = { first: [turn(0, 0, 100)], second: [turn(110, 109, 10)], ratio: 0.1 };
  return { rounds: [[turn(0, 0, 50)], [turn(100, cached, firstTokenMs)]], back };
}

it("counts only turns that had something before them", () => {
  const claims = conversationClaims(conversations(75, 20));
  expect(claims.map(({ value }) => value)).toEqual([0.1, 0.75]);
  const both = conversationPeersClaims(conversations(75, 20), conversations(90, 10));
  expect(both.map(({ value }) => value)).toEqual([0.1, 0.75, 0.1, 0.9, 2]);
});

it("gives a turn a row and a server its columns", () => {
  const [byTurn] = conversationTables({ one: conversations(75, 20), two: conversations(90, 10) });
  expect(byTurn?.rows).toEqual([
    [1, 10, 50, 50, 0, 50, 50, 0],
    [2, 110, 20, 20, 75, 10, 10, 90],
  ]);
});
