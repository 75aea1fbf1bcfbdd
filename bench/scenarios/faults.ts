import type { Claim, Scenario, Table } from "../lib/scenario.ts";
import { rounded, type Spread, spread } from "../lib/statistics.ts";
import {
  type FrontRound,
  killFront,
  killWorker,
  streams,
  type WorkerRound,
} from "./faults-rounds.ts";

const signals = ["SIGKILL", "SIGSEGV"] as const;

/** What is promised of both: a second. */
const aimMs = 1000;

export const faults: Scenario = {
  name: "faults",
  title: "A worker that is killed, and a front that is killed",
  method: `\`bin/inferd serve\` with the two models that come with it, a fresh one for each round. ${streams} streams run on inferd-demo, each beyond its first tokens; then its worker is ended by a signal. From the signal to each call's end at the client, and to the model's health as a Watch tells it; the embedding model is called one call after another meanwhile. Then the same with the front in place of the worker, killed with SIGKILL: from the signal until its workers, one of them computing, are gone.`,
  async run({ isSmoke, say }) {
    const byWorker: { readonly signal: string; readonly rounds: readonly WorkerRound[] }[] = [];
    let seed = 0;
    for (const signal of signals) {
      const rounds: WorkerRound[] = [];
      const count = isSmoke ? 1 : 10;
      while (rounds.length < count) {
        rounds.push(await killWorker(signal, (seed += 1)));
        say(`${signal} to the worker, ${rounds.length} of ${count}`);
      }
      byWorker.push({ signal, rounds });
    }
    const byFront: FrontRound[] = [];
    const count = isSmoke ? 1 : 5;
    while (byFront.length < count) {
      byFront.push(await killFront((seed += 1)));
      say(`SIGKILL to the front, ${byFront.length} of ${count}`);
    }
    return {
      claims: [...byWorker.flatMap(workerClaims), ...frontClaims(byFront)],
      tables: [workerTable(byWorker), frontTable(byFront)],
      data: { byWorker, byFront },
    };
  },
};

interface Rounds {
  readonly signal: string;
  readonly rounds: readonly WorkerRound[];
}

interface Summary {
  readonly callsMs: Spread;
  readonly others: number;
  readonly downMs: Spread;
  readonly upMs: Spread;
  readonly embeddings: number;
  readonly failedEmbeddings: number;
  readonly slowestEmbeddingMs: number;
}

function summary(rounds: readonly WorkerRound[]): Summary {
  const sum = (of: (round: WorkerRound) => number): number =>
    rounds.reduce((total, round) => total + of(round), 0);
  return {
    callsMs: some(rounds.flatMap(({ callsMs }) => callsMs)),
    others: sum(({ others }) => others.length),
    downMs: some(rounds.map(({ downMs }) => downMs)),
    upMs: some(rounds.map(({ upMs }) => upMs)),
    embeddings: sum(({ embedding }) => embedding.calls),
    failedEmbeddings: sum(({ embedding }) => embedding.failures),
    slowestEmbeddingMs: rounded(Math.max(...rounds.map(({ embedding }) => embedding.slowestMs))),
  };
}

function some(values: readonly number[]): Spread {
  const found = spread(values);
  if (found === undefined) throw new Error("nothing was measured");
  return found;
}

function workerClaims({ signal, rounds }: Rounds): readonly Claim[] {
  const { callsMs, others, upMs, failedEmbeddings } = summary(rounds);
  const none = { relation: "≤", value: 0 } as const;
  const what = `worker ended by ${signal}`;
  return [
    {
      what: `${what}: until the last of its calls ended`,
      value: callsMs.max,
      unit: "ms",
      aim: { relation: "≤", value: aimMs },
    },
    {
      what: `${what}: calls that ended otherwise than UNAVAILABLE with RetryInfo`,
      value: others,
      unit: "calls",
      aim: none,
    },
    { what: `${what}: until its model served again, p50`, value: upMs.p50, unit: "ms" },
    {
      what: `${what}: calls of the other model that failed`,
      value: failedEmbeddings,
      unit: "calls",
      aim: none,
    },
  ];
}

function workerTable(all: readonly Rounds[]): Table {
  const rows = all.map(({ signal, rounds }) => {
    const { callsMs, others, downMs, upMs, ...beside } = summary(rounds);
    return [
      ...[signal, callsMs.count, others, callsMs.p50, callsMs.max],
      ...[downMs.p50, downMs.max, upMs.p50, upMs.max],
      ...[beside.embeddings, beside.failedEmbeddings, beside.slowestEmbeddingMs],
    ];
  });
  return {
    title: `A worker that ends with ${streams} streams on it, in milliseconds from the signal`,
    columns: [
      ...["signal", "calls", "not UNAVAILABLE with RetryInfo", "calls' end, p50", "last"],
      ...["NOT_SERVING, p50", "last", "SERVING again, p50", "last"],
      ...["embedding calls meanwhile", "failed", "slowest"],
    ],
    rows,
  };
}

function frontClaims(rounds: readonly FrontRound[]): readonly Claim[] {
  return [
    {
      what: "front killed: until the last of its workers was gone",
      value: rounded(Math.max(...rounds.flatMap(({ goneMs }) => goneMs))),
      unit: "ms",
      aim: { relation: "≤", value: aimMs },
    },
    {
      what: "front killed: workers left behind",
      value: orphansOf(rounds),
      unit: "processes",
      aim: { relation: "≤", value: 0 },
    },
  ];
}

function frontTable(rounds: readonly FrontRound[]): Table {
  const { count, p50, max } = some(rounds.flatMap(({ goneMs }) => goneMs));
  return {
    title: "A front that is killed, in milliseconds until its workers are gone",
    columns: ["rounds", "workers gone", "p50", "last", "left behind"],
    rows: [[rounds.length, count, p50, max, orphansOf(rounds)]],
  };
}

const orphansOf = (rounds: readonly FrontRound[]): number =>
  rounds.reduce((total, { orphans }) => total + orphans, 0);
