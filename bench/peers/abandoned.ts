import { setTimeout as wait } from "node:timers/promises";
import { realClock } from "../load/clock.ts";
import { drive } from "../load/drive.ts";
import { exactly, requests } from "../load/requests.ts";
import { gaps } from "../load/summary.ts";
import type { StreamRequest } from "../load/target.ts";
import type { Outcome, Scenario } from "../lib/scenario.ts";
import { median, rounded, type Spread, spread } from "../lib/statistics.ts";
import { watchGrowth } from "../lib/tree.ts";
import { programsOnPrebuilt, programsVersion } from "./llama.ts";
import { type Peer, rest } from "./peer.ts";
import { sideBySide } from "./side-by-side.ts";
import { slots, systems, withSystem } from "./systems.ts";

/** Nearly all that the context has room for. */
const longCall = { promptTokens: 32, newTokens: 1900 } as const;
const otherTokens = 120;
/** Instead of a minute, so that its end is seen. */
const stallMs = 5000;
/** A call that is left, and when: its caller has had so many tokens then. */
const leftTokens = 600;
const leavesAfter = 32;

interface Measured {
  /** Gaps between the tokens of 15 streams, without and with one that nobody reads. */
  readonly reading: Spread;
  readonly stalled: Spread;
  readonly grownMiB: number;
  /** Tokens that were generated for the one that nobody reads, and when its slot was free. */
  readonly generated: number;
  readonly freeAfterMs: number;
  readonly told: string;
  /** Of calls that were left in the middle: tokens generated after that, and until the slot was free. */
  readonly wasted: readonly number[];
  readonly leftMs: readonly number[];
}

export const abandonedPeers: Scenario = {
  name: "abandoned-peers",
  title: "Callers who do not read, and callers who leave, inferd and others",
  method: `The servers of overload-peers. ${slots - 1} streams of ${otherTokens} tokens run, without and then with one more of ${longCall.newTokens} tokens that is not read: its caller gives inferd no HTTP/2 window; over HTTP/1.1 it reads nothing from its connection, whose buffers in the kernel may take all there is. inferd runs with \`--stall-ms ${stallMs}\`. Then calls of ${leftTokens} tokens, one at a time, whose callers leave after ${leavesAfter}: by cancelling, or by closing the connection. How much was generated, the servers themselves tell; that a slot is free is asked of them, every 20 ms.`,
  async run({ isSmoke, say }) {
    const programs = programsOnPrebuilt();
    const all: Record<string, Measured> = {};
    for (const system of systems) {
      say(system);
      const options = { programs, flags: ["--stall-ms", String(stallMs)] };
      all[system] = await withSystem(system, options, (peer) => measureOne(peer, isSmoke ? 1 : 3));
    }
    const versions = { "llama.cpp programs": await programsVersion(programs) };
    return { ...outcomeOf(all), versions };
  },
};

async function measureOne(peer: Peer, times: number): Promise<Measured> {
  await others(peer, 0);
  const reading = await others(peer, 1);
  await rest(peer);
  const before = await peer.generated();
  const growth = watchGrowth(peer.pid);
  const begunMs = realClock.now();
  const silent = peer.silent(callsOf(longCall.newTokens, 1000)(0));
  await wait(200);
  const stalled = await others(peer, 2);
  await rest(peer);
  const freeAfterMs = realClock.now() - begunMs;
  const grownMiB = growth.mostMiB();
  const read = (await peer.generated()) - before - (slots - 1) * otherTokens;
  const told = await silent.readEnd();
  const left = [];
  for (let time = 0; time < times; time += 1) left.push(await leave(peer, time));
  return {
    reading: spreadOf(reading),
    stalled: spreadOf(stalled),
    grownMiB: rounded(grownMiB),
    generated: read,
    freeAfterMs: rounded(freeAfterMs),
    told,
    wasted: left.map(({ wasted }) => wasted),
    leftMs: left.map(({ ms }) => ms),
  };
}

function spreadOf(values: readonly number[]): Spread {
  const all = spread(values);
  if (all === undefined) throw new Error("nothing was measured");
  return all;
}

/** The gaps of the streams that are read. */
async function others(peer: Peer, seed: number): Promise<readonly number[]> {
  const { calls } = await drive(peer.stream, {
    load: { kind: "closed", streams: slots - 1 },
    calls: slots - 1,
    durationMs: Infinity,
    request: callsOf(otherTokens, seed),
    clock: realClock,
  });
  const failed = calls.find(({ end }) => end.code !== "OK");
  if (failed !== undefined) throw new Error(`a stream ended with ${failed.end.code}`);
  return calls.flatMap(gaps);
}

function callsOf(newTokens: number, seed: number): (index: number) => StreamRequest {
  const { promptTokens } = longCall;
  return requests({
    prompt: { kind: "tokens", tokens: exactly(promptTokens) },
    newTokens: exactly(newTokens),
    seed,
  });
}

async function leave(
  peer: Peer,
  time: number,
): Promise<{ readonly wasted: number; readonly ms: number }> {
  await rest(peer);
  const before = await peer.generated();
  const controller = new AbortController();
  let read = 0;
  let leftMs = 0;
  const onTokens = (count: number): void => {
    if (controller.signal.aborted) return;
    read += count;
    if (read < leavesAfter) return;
    leftMs = realClock.now();
    controller.abort();
  };
  await peer.stream(callsOf(leftTokens, 2000 + time)(0), { signal: controller.signal, onTokens });
  const ms = (await rest(peer)) - leftMs;
  return { wasted: (await peer.generated()) - before - read, ms: rounded(ms) };
}

function outcomeOf(all: Readonly<Record<string, Measured>>): Outcome {
  const { columns, row } = sideBySide(all);
  return {
    claims: Object.entries(all).flatMap(([system, one]) => [
      {
        what: `the others' p99 gap while one stream is not read, ${system}`,
        value: rounded(one.stalled.p99 / one.reading.p99),
        unit: "×",
        ...(system === "inferd" && { aim: { relation: "≤", value: 1.1 } as const }),
      },
      {
        what: `tokens generated after the caller left, p50, ${system}`,
        value: median(one.wasted),
        unit: `of ${leftTokens}`,
      },
    ]),
    tables: [
      {
        title: `One of ${slots} streams is not read`,
        columns,
        rows: [
          row("the others' p99 gap before, ms", ({ reading }) => reading.p99),
          row("meanwhile, ms", ({ stalled }) => stalled.p99),
          row("generated for the one, tokens", ({ generated }) => generated),
          row("memory grew by, MiB", ({ grownMiB }) => grownMiB),
          row("all slots free again after, ms", ({ freeAfterMs }) => freeAfterMs),
          row("what it was told, read at last", ({ told }) => told),
        ],
      },
      {
        title: "A caller leaves in the middle",
        columns,
        rows: [
          row("generated after that, p50, tokens", ({ wasted }) => median(wasted)),
          row("most", ({ wasted }) => Math.max(...wasted)),
          row("slot free after, p50, ms", ({ leftMs }) => rounded(median(leftMs))),
          row("most, ms", ({ leftMs }) => Math.max(...leftMs)),
        ],
      },
    ],
    data: all,
  };
}
