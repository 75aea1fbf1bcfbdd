import { availableParallelism } from "node:os";
import { arrivals } from "../load/arrivals.ts";
import { realClock } from "../load/clock.ts";
import { type CallRecord, drive } from "../load/drive.ts";
import { exactly, requests } from "../load/requests.ts";
import { summarize } from "../load/summary.ts";
import type { StreamTarget } from "../load/target.ts";
import { seededRandom } from "../lib/random.ts";
import type { Outcome, Scenario } from "../lib/scenario.ts";
import { rounded, type Spread, spread } from "../lib/statistics.ts";
import { watchGrowth } from "../lib/tree.ts";
import { offeredTimes, shape } from "../scenarios/overload.ts";
import { programsOnPrebuilt, programsVersion } from "./llama.ts";
import { type Peer, rest } from "./peer.ts";
import { sideBySide } from "./side-by-side.ts";
import { slots, type System, withSystem } from "./systems.ts";

const meanNewTokens = (shape.newTokens.least + shape.newTokens.most) / 2;
const deadlineMs = 6000;
/** A core is left for the callers, who would else take from the servers what is measured. */
const threads = Math.max(1, availableParallelism() - 1);
const floodMs = 24_000;
/** How long after the flood somebody waits for a first token. */
const patienceMs = 15_000;

interface Contender {
  readonly name: string;
  readonly system: System;
  readonly flags: readonly string[];
  /** What keeps it busy: its slots, or one that runs and one that waits. */
  readonly busyStreams: number;
}

const shortQueue = ["--max-queued-jobs", "32"];
const contenders: readonly Contender[] = [
  { name: "inferd", system: "inferd", flags: shortQueue, busyStreams: slots },
  { name: "inferd in its defaults", system: "inferd", flags: [], busyStreams: slots },
  { name: "llama-server", system: "llama-server", flags: [], busyStreams: slots },
  { name: "FastAPI", system: "FastAPI", flags: [], busyStreams: 2 },
];

interface Measured {
  /** Tokens a second of a closed loop that keeps it busy. */
  readonly capacity: number;
  readonly calls: number;
  readonly inTime: number;
  /** Tokens a second of calls that were answered in time, in the second half of the flood. */
  readonly goodput: number;
  readonly firstTokenMs: Spread | undefined;
  /** Codes of the calls that were not answered, and what they were told. */
  readonly ends: Readonly<Record<string, number>>;
  /** From a call's arrival until it was refused: those that did not wait for their deadline. */
  readonly refusedAfterMs: Spread | undefined;
  readonly hinted: number;
  readonly grownMiB: number;
  /** Of one call that comes when the flood is over; undefined where it waited in vain. */
  readonly afterwardsMs: number | undefined;
}

export const overloadPeers: Scenario = {
  name: "overload-peers",
  title: "Three times the load that a server can take, inferd and others",
  method: `inferd-demo's weights for all, prompts of ${shape.promptTokens} tokens and ${shape.newTokens.least} to ${shape.newTokens.most} new ones. inferd with a queue that its deadlines have room for (\`${shortQueue.join(" ")}\`), and in its defaults; llama-server with ${slots} slots on the same libllama, else in its defaults; an app as FastAPI's and transformers' documentation show it (\`bench/peers/fastapi_app.py\`: one generation at a time, PyTorch). All compute on ${threads} of the machine's cores and leave one to the callers. Each is held against its own capacity: a closed loop of as many streams as it has slots first, then an open loop (Poisson) of ${offeredTimes} times that for ${floodMs / 1000} s, every call with a deadline of ${deadlineMs / 1000} s and no retries; an HTTP caller closes its connection then. Goodput counts the tokens of calls that were answered whole in time, over the second half. When the flood is over, one more call waits up to ${patienceMs / 1000} s for its first token. Memory is resident memory, of all processes of a server. At ${offeredTimes} times the capacity, a third of all calls can be answered.`,
  async run({ isSmoke, say }) {
    const programs = programsOnPrebuilt();
    const all: Record<string, Measured> = {};
    for (const { name, system, flags, busyStreams } of contenders) {
      say(name);
      all[name] = await withSystem(system, { programs, threads, flags, deadlineMs }, (peer) =>
        measureOne(peer, { streams: busyStreams, scale: isSmoke ? 0.2 : 1 }),
      );
    }
    const versions = { "llama.cpp programs": await programsVersion(programs) };
    return { ...outcomeOf(all), versions };
  },
};

async function measureOne(
  peer: Peer,
  { streams, scale }: { readonly streams: number; readonly scale: number },
): Promise<Measured> {
  const stream = within(peer.stream, deadlineMs);
  const request = requests({
    prompt: { kind: "tokens", tokens: exactly(shape.promptTokens) },
    newTokens: shape.newTokens,
    seed: 1,
  });
  const run = { calls: Infinity, request, clock: realClock };
  const closed = { kind: "closed", streams } as const;
  // The first seconds warm everything up.
  await drive(peer.stream, { ...run, load: closed, durationMs: 4000 * scale });
  await rest(peer);
  const full = await drive(peer.stream, { ...run, load: closed, durationMs: 10_000 * scale });
  const capacity = summarize(full).tokensPerSecond;
  await rest(peer);
  const growth = watchGrowth(peer.pid);
  const perSecond = (offeredTimes * capacity) / meanNewTokens;
  const arrivalsMs = arrivals("poisson", perSecond, seededRandom(1));
  const durationMs = floodMs * scale;
  const flood = await drive(stream, { ...run, load: { kind: "open", arrivalsMs }, durationMs });
  const afterwardsMs = await firstTokenMs(peer.stream);
  const until = flood.startMs + durationMs;
  return {
    ...countsOf(flood.calls),
    capacity,
    goodput: goodputOf(flood.calls, flood.startMs + durationMs / 2, until),
    grownMiB: rounded(growth.mostMiB()),
    afterwardsMs,
  };
}

/** A caller that leaves at its deadline, over whatever protocol. */
function within(target: StreamTarget, afterMs: number): StreamTarget {
  return async (request, { signal, onTokens }) => {
    const deadline = AbortSignal.timeout(afterMs);
    const end = await target(request, { signal: AbortSignal.any([signal, deadline]), onTokens });
    return end.code !== "OK" && deadline.aborted ? { ...end, code: "left at the deadline" } : end;
  };
}

function goodputOf(calls: readonly CallRecord[], fromMs: number, untilMs: number): number {
  const tokens = calls
    .filter(({ end, endMs }) => end.code === "OK" && endMs >= fromMs && endMs < untilMs)
    .flatMap(({ arrivals: came }) => came.map((arrival) => arrival.tokens));
  return tokens.reduce((sum, count) => sum + count, 0) / ((untilMs - fromMs) / 1000);
}

function countsOf(calls: readonly CallRecord[]) {
  const answered = calls.filter(({ end }) => end.code === "OK");
  const others = calls.filter(({ end }) => end.code !== "OK");
  const ends: Record<string, number> = {};
  for (const { end } of others) ends[end.code] = (ends[end.code] ?? 0) + 1;
  const soon = others.filter(({ endMs, intendedMs }) => endMs - intendedMs < deadlineMs * 0.9);
  return {
    calls: calls.length,
    inTime: answered.length,
    firstTokenMs: spread(
      answered.map(({ arrivals: [first], intendedMs }) => (first?.atMs ?? NaN) - intendedMs),
    ),
    ends,
    refusedAfterMs: spread(soon.map(({ endMs, intendedMs }) => endMs - intendedMs)),
    hinted: others.filter(({ end }) => end.retryAfterMs !== undefined).length,
  };
}

async function firstTokenMs(target: StreamTarget): Promise<number | undefined> {
  const leave = new AbortController();
  const patience = setTimeout(() => leave.abort(), patienceMs);
  const sentMs = realClock.now();
  let first: number | undefined;
  const request = requests({
    prompt: { kind: "tokens", tokens: exactly(shape.promptTokens) },
    newTokens: exactly(1),
    seed: 99,
  });
  const onTokens = (): void => void (first ??= realClock.now() - sentMs);
  await target(request(0), { signal: leave.signal, onTokens });
  clearTimeout(patience);
  return first === undefined ? undefined : rounded(first);
}

function outcomeOf(all: Readonly<Record<string, Measured>>): Outcome {
  const { columns, row } = sideBySide(all);
  const share = (one: Measured): number => rounded(one.goodput / one.capacity);
  return {
    claims: Object.entries(all).map(([system, one]) => ({
      what: `goodput of ${system} under ${offeredTimes} times its capacity`,
      value: share(one),
      unit: "of the capacity",
      ...(system === "inferd" && { aim: { relation: "≥", value: 0.95 } as const }),
    })),
    tables: [
      {
        title: `${offeredTimes} times the capacity`,
        columns,
        rows: [
          row("capacity, tokens a second", ({ capacity }) => rounded(capacity)),
          row("calls", ({ calls }) => calls),
          row("answered in time", ({ calls, inTime }) => `${rounded((inTime / calls) * 100)} %`),
          row("goodput, of the capacity", share),
          row("first token of those, p50 ms", ({ firstTokenMs: ms }) => ms?.p50 ?? "–"),
          row("p99 ms", ({ firstTokenMs: ms }) => ms?.p99 ?? "–"),
          row("the others' ends", ({ ends }) =>
            Object.entries(ends)
              .map(([code, count]) => `${count} ${code}`)
              .join(", "),
          ),
          row("refused after, p50 ms", ({ refusedAfterMs: ms }) => ms?.p50 ?? "never"),
          row("told when to come again", ({ hinted }) => `${hinted} calls`),
          row("memory grew by, MiB", ({ grownMiB }) => grownMiB),
          row("first token of a call afterwards, ms", ({ afterwardsMs }) =>
            afterwardsMs === undefined ? `none in ${patienceMs / 1000} s` : afterwardsMs,
          ),
        ],
      },
    ],
    data: all,
  };
}
