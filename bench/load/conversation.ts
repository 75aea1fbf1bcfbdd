/** Chats as token ids: every turn's prompt is all that was said before, with a new stretch behind it. */
import { type Random, seededRandom } from "../lib/random.ts";
import { median, rounded } from "../lib/statistics.ts";
import { drive, type LoadClock } from "./drive.ts";
import { exactly, type Range, requests, tokenIds } from "./requests.ts";
import { summarize } from "./summary.ts";
import type { StreamTarget } from "./target.ts";
import { type TimedCall, timedCall } from "./timed-call.ts";

/** What one turn showed. Counts are tokens. */
export interface Turn {
  readonly prompt: number;
  /** How many of the prompt were there after the chat's last turn. */
  readonly known: number;
  /** How many the server says that it did not read. */
  readonly cached: number;
  readonly firstTokenMs: number;
}

export interface ConversationOptions {
  readonly chats: number;
  readonly turns: number;
  /** What the first turn brings, and each other one. */
  readonly firstTokens: number;
  readonly nextTokens: number;
  readonly answerTokens: number;
  readonly clock: LoadClock;
}

/** The turns of all chats, first turns first: one call at a time, the chats in turns. */
export async function measureConversation(
  target: StreamTarget,
  options: ConversationOptions,
): Promise<readonly (readonly Turn[])[]> {
  const { turns, firstTokens, nextTokens } = options;
  // The first call of all pages the weights in.
  await new Chat(target, 0).turn(nextTokens, options);
  const chats = Array.from({ length: options.chats }, (_, index) => new Chat(target, index + 1));
  const rounds: (readonly Turn[])[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const stretch = turn === 0 ? firstTokens : nextTokens;
    rounds.push(await oneRound(chats, stretch, options));
  }
  return rounds;
}

export interface ReturnOptions extends Omit<ConversationOptions, "turns"> {
  /** Chats that have a first turn between the two turns of those that count. */
  readonly others: number;
  readonly otherTokens: Range;
  /** How many of the others call at once. */
  readonly callers: number;
}

export interface ReturnResult {
  readonly first: readonly Turn[];
  readonly second: readonly Turn[];
  /** First token of the second turn, of the first turn's: the median chat's. */
  readonly ratio: number;
}

/** Two turns of some chats, while others pass in between. */
export async function measureReturn(
  target: StreamTarget,
  options: ReturnOptions,
): Promise<ReturnResult> {
  const { firstTokens, nextTokens } = options;
  const chats = Array.from({ length: options.chats }, (_, index) => new Chat(target, index + 1001));
  const first = await oneRound(chats, firstTokens, options);
  await othersPass(target, options);
  const second = await oneRound(chats, nextTokens, options);
  const ratios = second.map(
    (turn, index) => turn.firstTokenMs / (first[index]?.firstTokenMs ?? NaN),
  );
  return { first, second, ratio: rounded(median(ratios)) };
}

async function othersPass(
  target: StreamTarget,
  { others, otherTokens, callers, answerTokens, clock }: ReturnOptions,
): Promise<void> {
  const driven = await drive(target, {
    load: { kind: "closed", streams: callers },
    calls: others,
    durationMs: Infinity,
    request: requests({
      prompt: { kind: "tokens", tokens: otherTokens },
      newTokens: exactly(answerTokens),
      seed: 2001,
    }),
    clock,
  });
  const { completed, errors } = summarize(driven);
  if (completed < others) throw new Error(`chats failed in between: ${JSON.stringify(errors)}`);
}

type RoundOptions = Pick<ConversationOptions, "answerTokens" | "clock">;

async function oneRound(
  chats: readonly Chat[],
  stretch: number,
  options: RoundOptions,
): Promise<readonly Turn[]> {
  const turns: Turn[] = [];
  for (const chat of chats) turns.push(await chat.turn(stretch, options));
  return turns;
}

/** How often an answer is asked for anew. */
const attempts = 20;

/** Owns what was said in one chat. */
class Chat {
  readonly #target: StreamTarget;
  readonly #random: Random;
  readonly #tokens: number[] = [];
  #calls: number;

  constructor(target: StreamTarget, seed: number) {
    this.#target = target;
    this.#random = seededRandom(seed * 1_000_003);
    this.#calls = seed * 1000;
  }

  async turn(stretch: number, options: RoundOptions): Promise<Turn> {
    const known = this.#tokens.length;
    this.#tokens.push(...tokenIds(this.#random, stretch));
    const prompt = this.#tokens.length;
    const call = await this.#ask(options);
    const { end, firstTokenMs } = call;
    if (end.promptTokens !== prompt) throw new Error(`a prompt had ${end.promptTokens} tokens`);
    this.#tokens.push(...(await this.#whole(call, options)));
    return { prompt, known, cached: end.cachedPromptTokens, firstTokenMs: rounded(firstTokenMs) };
  }

  #ask({ answerTokens, clock }: RoundOptions): Promise<TimedCall> {
    const prompt = { kind: "tokens", ids: [...this.#tokens] } as const;
    const request = { prompt, newTokens: answerTokens, seed: (this.#calls += 1) };
    return timedCall(this.#target, request, clock);
  }

  /**
   * An answer's ids. llama-server does not tell those whose text it holds back until it makes a whole
   * character: such an answer is asked for anew, which counts nowhere, until one is told whole.
   */
  async #whole(first: TimedCall, options: RoundOptions): Promise<readonly number[]> {
    let call = first;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (call.ids.length === options.answerTokens) return call.ids;
      call = await this.#ask(options);
    }
    throw new Error("no answer's tokens were all told");
  }
}
