/**
 * Does to a real server, for a while and all at once, what callers, operators and machines do to one, and
 * then looks at what is left. `INFERD_CHAOS_S` says how long; `INFERD_CHAOS_SEED` chooses another chaos, or
 * the same again: a failure names it.
 */
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { beginKept } from "../../bench/lib/kept.ts";
import { children } from "../../bench/lib/process.ts";
import type { Outcome } from "../../bench/lib/scenario.ts";
import { windowMs } from "../../src/auth/denial-log.ts";
import { countedBy, loggedCounts, logProblems, type Made } from "./accounts.ts";
import { begin, type Seen } from "./call.ts";
import { alive, leftOver, metricsOf, type Rest, restOf } from "./invariants.ts";
import { MemoryWatch } from "./memory.ts";
import { endsWhereSingle, ledgerProblem, slotsProblem } from "./probes.ts";
import { type Action, type CallPlan, schedule } from "./schedule.ts";
import { looseCalls, reloaded, Site, tightCalls } from "./site.ts";
import { type Event, problemOf } from "./verdict.ts";

const seed = Number(process.env["INFERD_CHAOS_SEED"] ?? 20_261_125);
const lastsMs = Number(process.env["INFERD_CHAOS_S"] ?? 60) * 1000;
const again = `INFERD_CHAOS_SEED=${seed} INFERD_CHAOS_S=${lastsMs / 1000} make chaos`;
// No call has more to wait for than a worker that starts again.
const longestMs = 30_000;

const now = (): number => performance.now();

let site: Site;
let before: Rest;
const made: Made[] = [];
const events: Event[] = [];
const pids = new Set<number>();
const memory = new MemoryWatch(lastsMs);

beforeAll(async () => {
  site = await Site.open();
  before = restOf(site);
});

afterAll(() => site.close());

it(
  `comes through ${lastsMs / 1000} s of chaos: ${again}`,
  async () => {
    const kept = beginKept(
      {
        name: "chaos",
        title: "Everything at once",
        method:
          "What callers, operators and machines do to a server, drawn from a seed, and judged as `test/chaos` says.",
      },
      again,
    );
    const actions = schedule(seed, lastsMs);
    await call(first);
    await run(actions);
    expect(made.flatMap(describe)).toEqual([]);
    if (lastsMs >= 60_000) {
      expect(endsOf(made)).toEqual(expect.arrayContaining(everyEnd));
      expect(endsOf(batch())).toEqual(expect.arrayContaining(everyEndOfBatch));
    }
    expect(memory.problems).toEqual([]);
    site.hangUp();
    expect(await leftOver(site, before)).toEqual([]);
    // What the audit sums up is told when its ten seconds are over.
    await expect
      .poll(() => logProblems(made, site.server.log()), { timeout: 2 * windowMs })
      .toEqual([]);
    const log = site.server.log();
    expect(countedBy(await metricsOf(site))).toEqual(loggedCounts(log));
    expect(log.filter(({ level }) => level === "error" || level === "fatal")).toEqual([]);
    expect(log.filter(({ msg }) => msg === reloaded)).toHaveLength(site.reloadCount);
    for (const [kind, message, times] of heard) {
      const count = actions.filter((action) => action.kind === kind).length * times;
      expect(log.filter(({ msg }) => msg === message)).toHaveLength(count);
    }
    expect(await ledgerProblem(site, made)).toBeUndefined();
    expect(await slotsProblem(site)).toBeUndefined();
    expect(await endsWhereSingle(site)).toEqual(["OK", "OK"]);
    expect([await site.server.stop(), await site.server.ended]).toEqual(["stopped", 0]);
    expect(alive([...pids])).toEqual([]);
    kept?.keep(outcome());
  },
  lastsMs + 3 * longestMs,
);

/** Spends so much that the bucket of `steady` is never full again, and what it fills by is known. */
const first = {
  ...({ method: "embed", key: "steady", manner: { kind: "waits" } } as const),
  ...{ number: 0, size: 256 },
};

/** What the server says once it has heard of what its operator did. */
const heard = [
  ["renew-certificate", "certificate changed", 1],
  ["renew-key", "key changed", 2],
] as const;

/** A chaos in which one of these never came would prove nothing of it. */
const everyEnd = [
  ...["OK", "CANCELLED", "DEADLINE_EXCEEDED", "SLOW_READER", "QUEUE_FULL", "QUOTA_EXCEEDED"],
  ...["WORKER_EXITED", "CREDENTIAL_INVALID", "MODEL_NOT_FOUND"],
];
const everyEndOfBatch = ["OK", "QUEUE_FULL", "WORKER_EXITED"];

function outcome(): Outcome & { readonly data: object } {
  const counts = Object.fromEntries(
    endsOf(made).map((end) => [end, made.filter(({ seen }) => endOf(seen) === end).length]),
  );
  const { peaks } = memory;
  return {
    claims: [
      { what: "calls in chaos", value: made.length, unit: "calls" },
      {
        what: "calls in chaos, ended wrongly",
        value: 0,
        unit: "calls",
        aim: { relation: "≤", value: 0 },
      },
    ],
    tables: [
      { title: "How they ended", columns: ["end", "calls"], rows: Object.entries(counts) },
      {
        title: "The most memory that a process held, in MiB",
        columns: ["process", "in the first half", "in the second"],
        rows: peaks.map(([kind, { first, second }]) => [kind, first, second]),
      },
    ],
    data: { seed, lastsMs, calls: made.length, batchCalls: batch().length, ends: counts, peaks },
  };
}

function endsOf(calls: readonly Made[]): readonly string[] {
  return [...new Set(calls.map(({ seen }) => endOf(seen)))];
}

function endOf({ code, reason }: Seen): string {
  return reason ?? code;
}

function batch(): readonly Made[] {
  return made.filter(({ plan }) => plan.isBatch === true);
}

/** Does everything at its time, and waits until every call has ended, or has had long enough. */
async function run(actions: readonly Action[]): Promise<void> {
  const startMs = now();
  const open: Promise<unknown>[] = [];
  for (const action of actions) {
    await wait(Math.max(0, startMs + action.atMs - now()));
    for (const pid of children(site.server.pid)) pids.add(pid);
    memory.look(site.server.pid, action.atMs);
    const event = { act: action, fromMs: now(), untilMs: Infinity };
    // A call by itself changes nothing for others.
    if (action.kind !== "calls" || action.calls.length > 1) events.push(event);
    open.push(act(action).then(() => (event.untilMs = now())));
  }
  await Promise.race([Promise.all(open), wait(longestMs)]);
}

async function act(action: Action): Promise<void> {
  switch (action.kind) {
    case "calls":
      await Promise.all(action.calls.map(call));
      return;
    case "kill":
      site.kill(action.model);
      return;
    case "tighten":
      await site.reload({ concurrentCalls: tightCalls });
      await wait(action.forMs);
      await site.reload({ concurrentCalls: looseCalls });
      return;
    case "transient-comes":
      await site.reload({ hasTransient: true });
      return;
    case "transient-goes":
      await site.reload({ hasTransient: false });
      return;
    case "renew-key":
      await site.renewKey();
      return;
    case "renew-certificate":
      site.renewCertificate();
  }
}

function call(plan: CallPlan): Promise<void> {
  const { seen, ended } = begin(plan, { client: site.client, apiKey: site.key(plan.key), now });
  made.push({ plan, seen });
  return ended;
}

function describe({ plan, seen }: Made): string[] {
  const problem = problemOf(plan, seen, events);
  return problem === undefined ? [] : [`${JSON.stringify({ plan, seen })}: ${problem}`];
}
