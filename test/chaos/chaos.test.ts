/**
 * Does to a real server, for a while and all at once, what callers, operators and machines do to one, and
 * then looks at what is left. `INFERD_CHAOS_S` says how long; `INFERD_CHAOS_SEED` chooses another chaos, or
 * the same again: a failure names it.
 */
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { children } from "../../bench/lib/process.ts";
import { logProblems, type Made, metricProblems } from "./accounts.ts";
import { begin } from "./call.ts";
import { alive, leftOver, metricsOf, type Rest, restOf } from "./invariants.ts";
import { type Action, type CallPlan, schedule } from "./schedule.ts";
import { Site } from "./site.ts";
import { type Event, problemOf } from "./verdict.ts";

const seed = Number(process.env["INFERD_CHAOS_SEED"] ?? 20_261_125);
const lastsMs = Number(process.env["INFERD_CHAOS_S"] ?? 60) * 1000;
const again = `INFERD_CHAOS_SEED=${seed} INFERD_CHAOS_S=${lastsMs / 1000} make chaos`;
// No call has more to wait for than a worker that starts again.
const longestMs = 30_000;

let site: Site;
let before: Rest;
const made: Made[] = [];
const events: Event[] = [];
const pids = new Set<number>();

beforeAll(async () => {
  site = await Site.open();
  await site.renewKey();
  before = await restOf(site);
});

afterAll(() => site.close());

it(
  `comes through ${lastsMs / 1000} s of chaos: ${again}`,
  async () => {
    await run(schedule(seed, lastsMs).filter(({ kind }) => kind === "calls"));
    expect(made.flatMap(({ plan, seen }) => describe(plan, problemOf(plan, seen, events)))).toEqual(
      [],
    );
    site.hangUp();
    expect(await leftOver(site, before)).toEqual([]);
    const log = site.server.log();
    expect(logProblems(made, log)).toEqual([]);
    expect(metricProblems(await metricsOf(site), log)).toEqual([]);
    expect(log.filter(({ level }) => level === "error" || level === "fatal")).toEqual([]);
    expect([await site.server.stop(), await site.server.ended]).toEqual(["stopped", 0]);
    expect(alive([...pids])).toEqual([]);
  },
  lastsMs + 3 * longestMs,
);

/** Does everything at its time, and waits until every call has ended, or has had long enough. */
async function run(actions: readonly Action[]): Promise<void> {
  const startMs = performance.now();
  const now = (): number => performance.now() - startMs;
  const open: Promise<unknown>[] = [];
  for (const action of actions) {
    await wait(Math.max(0, action.atMs - now()));
    for (const pid of children(site.server.pid)) pids.add(pid);
    if (action.kind !== "calls") continue;
    for (const plan of action.calls) {
      const { seen, ended } = begin(plan, {
        client: site.client(plan.manner.kind === "stalls" ? "slow" : "fast"),
        apiKey: site.key(plan.key),
        now,
      });
      made.push({ plan, seen });
      open.push(ended);
    }
  }
  await Promise.race([Promise.all(open), wait(longestMs)]);
}

function describe(plan: CallPlan, problem: string | undefined): string[] {
  return problem === undefined ? [] : [`${JSON.stringify(plan)} ${problem}`];
}
