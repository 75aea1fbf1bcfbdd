import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Priority } from "../../gen/inferd/v1/types.ts";
import { arrivals } from "../load/arrivals.ts";
import { realClock } from "../load/clock.ts";
import { type CallRecord, type Drive, drive, type Load } from "../load/drive.ts";
import { openInferd } from "../load/inferd.ts";
import { exactly, requests } from "../load/requests.ts";
import type { StreamTarget } from "../load/target.ts";
import { repository } from "../lib/paths.ts";
import { seededRandom } from "../lib/random.ts";
import type { Outcome, Scenario } from "../lib/scenario.ts";
import { withServer } from "../lib/server.ts";
import { rounded, type Spread, spread } from "../lib/statistics.ts";
import { shape } from "./overload.ts";

const slots = 16;
const floodTimes = 3;
const quietPerSecond = 3;
const model = "inferd-demo";

/** What one caller had in one part. */
interface Had {
  readonly calls: number;
  readonly completed: number;
  readonly completedPerSecond: number;
  /** From the moment that a call was due to its end. */
  readonly tookMs: Spread | undefined;
  readonly firstTokenMs: Spread | undefined;
}

interface Part {
  readonly quiet: Had;
  readonly neighbour: Had | undefined;
}

interface Parts {
  readonly alone: Part;
  readonly busy: Part;
  readonly flooded: Part;
  readonly inBackground: Part;
}

export const fairness: Scenario = {
  name: "fairness",
  title: "A quiet caller beside one that floods the server",
  method: `${model}, prompts of ${shape.promptTokens} tokens and ${shape.newTokens.least} to ${shape.newTokens.most} new ones, the queue in its defaults, two callers with a key each. The quiet one makes ${quietPerSecond} calls a second (Poisson): alone; beside a neighbour who keeps ${slots - 1} of the ${slots} slots busy and never queues; beside one who sends ${floodTimes} times what the model then did (Poisson) and does not try again; beside the same flood with \`PRIORITY_BATCH\`. Every call counts from the moment that it was due. What a flood of the same priority adds is the third against the second: a machine that computes for somebody else is slower by itself. A flood of batch jobs is held against the idle machine.`,
  async run({ isSmoke, say }) {
    const durationMs = isSmoke ? 3000 : 60_000;
    const folder = mkdtempSync(join(tmpdir(), "inferd-"));
    const keys = join(folder, "keys.db");
    const callers = { quiet: createKey(keys, "quiet"), neighbour: createKey(keys, "neighbour") };
    try {
      return await withServer({ flags: ["--keys", keys] }, async ({ address }) => {
        const part = async (name: string, load?: Load, priority?: Priority): Promise<Part> => {
          say(name);
          return runPart(address, callers, { load, priority, durationMs });
        };
        await part("warm up", { kind: "closed", streams: slots - 1 });
        const alone = await part("alone");
        const busy = await part("beside a busy neighbour", { kind: "closed", streams: slots - 1 });
        const perSecond = floodTimes * (busy.neighbour?.completedPerSecond ?? NaN);
        const flood = (): Load => ({
          kind: "open",
          arrivalsMs: arrivals("poisson", perSecond, seededRandom(2)),
        });
        const flooded = await part("beside a flood", flood());
        const inBackground = await part("beside a flood of batch jobs", flood(), Priority.BATCH);
        return outcomeOf({ alone, busy, flooded, inBackground });
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

function createKey(keys: string, name: string): string {
  const parameters = ["keys", "create", "--name", name, "--scope", "generate", "--keys", keys];
  const inferd = join(repository, "bin", "inferd");
  return execFileSync(inferd, parameters, { encoding: "utf8", stdio: "pipe" }).trim();
}

interface Callers {
  readonly quiet: string;
  readonly neighbour: string;
}

interface PartOptions {
  /** The neighbour's; undefined where there is none. */
  readonly load: Load | undefined;
  readonly priority: Priority | undefined;
  readonly durationMs: number;
}

async function runPart(
  address: string,
  callers: Callers,
  { load, priority, durationMs }: PartOptions,
): Promise<Part> {
  const quiet = withKey(address, callers.quiet);
  const neighbour = withKey(address, callers.neighbour, priority);
  const arrivalsMs = arrivals("poisson", quietPerSecond, seededRandom(1));
  const drives = [drivenBy(quiet.stream, { load: { kind: "open", arrivalsMs }, durationMs })];
  if (load !== undefined) drives.push(drivenBy(neighbour.stream, { load, durationMs }));
  try {
    const [own, other] = await Promise.all(drives);
    if (own === undefined) throw new Error("bug: nobody called");
    return {
      quiet: hadOf(own, durationMs),
      neighbour: other === undefined ? undefined : hadOf(other, durationMs),
    };
  } finally {
    quiet.close();
    neighbour.close();
  }
}

function withKey(address: string, apiKey: string, priority: Priority = Priority.INTERACTIVE) {
  return openInferd({ address, model, temperature: 0.8, connections: 1, apiKey, priority });
}

function drivenBy(
  target: StreamTarget,
  { load, durationMs }: { readonly load: Load; readonly durationMs: number },
): Promise<Drive> {
  return drive(target, {
    load,
    durationMs,
    calls: Infinity,
    request: requests({
      prompt: { kind: "tokens", tokens: exactly(shape.promptTokens) },
      newTokens: shape.newTokens,
      seed: 1,
    }),
    clock: realClock,
  });
}

function hadOf({ startMs, calls }: Drive, durationMs: number): Had {
  const completed = calls.filter(({ end }) => end.code === "OK");
  const inTime = completed.filter(({ endMs }) => endMs < startMs + durationMs);
  const first = ({ arrivals: [token], intendedMs }: CallRecord): number[] =>
    token === undefined ? [] : [token.atMs - intendedMs];
  return {
    calls: calls.length,
    completed: completed.length,
    completedPerSecond: inTime.length / (durationMs / 1000),
    tookMs: spread(completed.map(({ intendedMs, endMs }) => endMs - intendedMs)),
    firstTokenMs: spread(completed.flatMap(first)),
  };
}

function outcomeOf(parts: Parts): Outcome {
  const { alone, busy, flooded, inBackground } = parts;
  const times = (part: Part, against: Part): number =>
    rounded((part.quiet.tookMs?.p99 ?? NaN) / (against.quiet.tookMs?.p99 ?? NaN));
  const named = {
    alone,
    "beside a busy neighbour": busy,
    "beside a flood": flooded,
    "beside a flood of batch jobs": inBackground,
  };
  return {
    claims: [
      {
        what: "the quiet caller's calls beside a flood, p99, against beside a busy neighbour",
        value: times(flooded, busy),
        unit: "×",
        aim: { relation: "≤", value: 1.5 },
      },
      { what: "the same, against an idle server", value: times(flooded, alone), unit: "×" },
      {
        what: "the quiet caller's calls beside a flood of batch jobs, p99, against an idle server",
        value: times(inBackground, alone),
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
        what: "the quiet caller's calls completed beside a flood",
        value: rounded(flooded.quiet.completed / flooded.quiet.calls),
        unit: "of its calls",
        aim: { relation: "≥", value: 1 },
      },
    ],
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

const halves = (figures: Spread | undefined): number[] => [
  figures?.p50 ?? NaN,
  figures?.p99 ?? NaN,
];
