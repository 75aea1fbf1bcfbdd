import { setTimeout as sleep } from "node:timers/promises";
import { memory } from "../lib/process.ts";
import { seededRandom } from "../lib/random.ts";
import type { Claim, Context, Outcome, Scenario } from "../lib/scenario.ts";
import { type ServerProcess, withServer } from "../lib/server.ts";
import { median, type Point, rounded, slope } from "../lib/statistics.ts";
import { arrivals } from "../load/arrivals.ts";
import { realClock } from "../load/clock.ts";
import { drive, type DriveOptions } from "../load/drive.ts";
import { kinds, openMixed, shareOf } from "../load/mixed.ts";
import { requests } from "../load/requests.ts";
import { summarize, type Summary } from "../load/summary.ts";
import type { StreamTarget } from "../load/target.ts";

const share = 0.8;
const callers = 16;
const everyMs = 2000;
const minuteMs = 60_000;
const megabytes = 2 ** 20 / 1e6;
/** Of the whole time; then caches are full and code is compiled. */
const warmUpShare = 1 / 3;

/** Resident memory in MiB by process, with the minutes since the load began. */
interface Sample {
  readonly minutes: number;
  readonly residentMiB: Readonly<Record<string, number>>;
}

export function soak(minutes: number): Scenario {
  return {
    name: "soak",
    title: `${minutes} minutes of mixed calls at ${share * 100} % of capacity`,
    method: `inferd-demo and all-minilm-l6-v2 in one server. Of ten calls four stream a completion, two ask for a whole one, three embed, and one asks for health on a connection of its own. First ${callers} callers in a closed loop find out how many calls a second the server can take; then calls come in an open loop (Poisson) at ${share * 100} % of that. Resident memory is read every ${everyMs / 1000} s from smaps_rollup; its slope is a least-squares line through all readings after the first third, which is warm-up.`,
    run: (context) => run(context.isSmoke ? 0.2 : minutes, context),
  };
}

async function run(minutes: number, { say }: Context): Promise<Outcome> {
  return withServer({ flags: [] }, async (server) => {
    const targets = openMixed(server.address);
    const durationMs = minutes * minuteMs;
    try {
      const capacityMs = Math.min(20_000, durationMs / 4);
      say("capacity");
      const closed = { kind: "closed", streams: callers } as const;
      await load(targets.turns, { load: closed, durationMs: capacityMs / 4, seed: 1 });
      const full = await load(targets.turns, { load: closed, durationMs: capacityMs, seed: 2 });
      const perSecond = full.callsPerSecond * share;
      say(`${minutes} minutes at ${rounded(perSecond)} calls a second`);
      const sampling = sample(server, durationMs);
      const mixed = await Promise.all(
        kinds.map(async (kind, index) => {
          const rate = perSecond * shareOf(kind);
          const arrivalsMs = arrivals("poisson", rate, seededRandom(index));
          const open = { kind: "open", arrivalsMs } as const;
          return {
            kind,
            ...(await load(targets[kind], { load: open, durationMs, seed: 3 + index })),
          };
        }),
      );
      return outcome({ minutes, perSecond, full, mixed, samples: await sampling });
    } finally {
      targets.close();
    }
  });
}

async function load(
  target: StreamTarget,
  { seed, ...options }: Pick<DriveOptions, "load" | "durationMs"> & { readonly seed: number },
): Promise<Summary> {
  const prompt = { kind: "words", words: { least: 10, most: 60 } } as const;
  const request = requests({ prompt, newTokens: { least: 48, most: 144 }, seed });
  return summarize(await drive(target, { ...options, calls: Infinity, request, clock: realClock }));
}

async function sample(server: ServerProcess, lastsMs: number): Promise<readonly Sample[]> {
  const startMs = performance.now();
  const processes = [{ pid: server.front, name: "front" }, ...server.workers()];
  const samples: Sample[] = [];
  for (let atMs = 0; atMs < lastsMs; atMs += everyMs) {
    await sleep(Math.max(0, startMs + atMs - performance.now()));
    // A worker that died is missing here, and its end fails the run as an error of its calls.
    const read = processes.map(({ pid, name }) => [name, memory(pid).residentMiB] as const);
    samples.push({
      minutes: (performance.now() - startMs) / minuteMs,
      residentMiB: Object.fromEntries(read),
    });
  }
  return samples;
}

interface Found {
  readonly minutes: number;
  readonly perSecond: number;
  readonly full: Summary;
  readonly mixed: readonly (Summary & { readonly kind: string })[];
  readonly samples: readonly Sample[];
}

function outcome({ minutes, perSecond, full, mixed, samples }: Found): Outcome {
  const errors = mixed.flatMap((each) => Object.values(each.errors));
  const warm = samples.filter((each) => each.minutes >= minutes * warmUpShare);
  const processes = Object.keys(samples[0]?.residentMiB ?? {}).map((name) => {
    const points = warm.map((each): Point => [each.minutes, each.residentMiB[name] ?? NaN]);
    const values = points.map(([, value]) => value);
    const of = (part: readonly number[]): number => rounded(median(part));
    const third = Math.ceil(values.length / 3);
    return {
      name,
      row: [of(values.slice(0, third)), of(values.slice(-third)), Math.max(...values)],
      per10Minutes: rounded(slope(points) * 10 * megabytes),
    };
  });
  return {
    claims: [
      {
        what: "calls that failed",
        value: sum(errors),
        unit: "calls",
        aim: { relation: "≤", value: 0 },
      },
      ...processes.map(({ name, per10Minutes }): Claim => {
        const what = `resident memory of the ${name.replace("inferd worker: ", "worker of ")}, slope`;
        return { what, value: per10Minutes, unit: "MB/10 min", aim: { relation: "≤", value: 1 } };
      }),
    ],
    tables: [
      {
        title: "Resident memory after the warm-up, MiB",
        columns: ["process", "first third, p50", "last third, p50", "most", "MB in 10 minutes"],
        rows: processes.map(({ name, row, per10Minutes }) => [name, ...row, per10Minutes]),
      },
      {
        title: `Calls, ${rounded(perSecond)} a second of ${full.callsPerSecond} that it can take`,
        columns: ["kind", "calls", "failed", "p50 ms", "p99 ms"],
        rows: mixed.map(({ kind, calls, errors: failed, callMs }) => [
          ...[kind, calls, sum(Object.values(failed))],
          ...[callMs?.p50 ?? "", callMs?.p99 ?? ""],
        ]),
      },
    ],
    data: { minutes, perSecond, full, mixed, samples: byMinute(samples) },
  };
}

/** One reading a minute: all of them would be a file that nobody looks at. */
function byMinute(samples: readonly Sample[]): readonly Sample[] {
  return samples.filter((_, index) => index % (minuteMs / everyMs) === 0);
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
