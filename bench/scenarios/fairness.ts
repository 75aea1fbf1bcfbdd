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
import type { Scenario } from "../lib/scenario.ts";
import { withServer } from "../lib/server.ts";
import { spread } from "../lib/statistics.ts";
import { type Had, outcomeOf, type Part, streamsAtOnce } from "./fairness-report.ts";
import { shape } from "./overload.ts";

const slots = 16;
const floodTimes = 3;
const quietPerSecond = 3;
const model = "inferd-demo";

export const fairness: Scenario = {
  name: "fairness",
  title: "A quiet caller next to one that floods the server",
  method: `${model}, prompts of ${shape.promptTokens} tokens and ${shape.newTokens.least} to ${shape.newTokens.most} new ones, the queue in its defaults, two callers with a key each. The quiet one makes ${quietPerSecond} calls a second (Poisson): alone; next to a neighbour who keeps ${slots - 1} of the ${slots} slots busy and never queues; next to one who sends ${floodTimes} times what the model then did (Poisson) and does not try again; next to the same flood with \`PRIORITY_BATCH\`. Every call counts from the moment that it was due. What a flood of the same priority adds is the third against the second: a machine that computes for another caller is slower already. A flood of batch jobs is held against the idle machine; once more with a quiet caller who keeps ${streamsAtOnce} calls open.`,
  async run({ isSmoke, say }) {
    const durationMs = isSmoke ? 3000 : 60_000;
    const folder = mkdtempSync(join(tmpdir(), "inferd-"));
    const keys = join(folder, "keys.db");
    const callers = { quiet: createKey(keys, "quiet"), neighbour: createKey(keys, "neighbour") };
    try {
      return await withServer({ flags: ["--keys", keys] }, async ({ address }) => {
        const part = async (name: string, loads: Loads = {}): Promise<Part> => {
          say(name);
          return runPart(address, callers, { ...loads, durationMs });
        };
        const neighbour: Load = { kind: "closed", streams: slots - 1 };
        await part("warm up", { neighbour });
        const alone = await part("alone");
        const busy = await part("next to a busy neighbour", { neighbour });
        const perSecond = floodTimes * (busy.neighbour?.completedPerSecond ?? NaN);
        const flood = (): Load => ({
          kind: "open",
          arrivalsMs: arrivals("poisson", perSecond, seededRandom(2)),
        });
        const background = (): Loads => ({ neighbour: flood(), priority: Priority.BATCH });
        const flooded = await part("next to a flood", { neighbour: flood() });
        const inBackground = await part("next to a flood of batch jobs", background());
        const own: Load = { kind: "closed", streams: streamsAtOnce };
        const several = await part("several at once", { own });
        const severalBeside = await part("several at once next to a flood of batch jobs", {
          ...background(),
          own,
        });
        return outcomeOf({ alone, busy, flooded, inBackground, several, severalBeside });
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

interface Loads {
  /** The quiet caller's; left out, some calls a second. */
  readonly own?: Load;
  /** Left out where there is none. */
  readonly neighbour?: Load;
  /** The neighbour's. */
  readonly priority?: Priority;
}

interface PartOptions extends Loads {
  readonly durationMs: number;
}

async function runPart(
  address: string,
  callers: Callers,
  { own: ownLoad = fewCalls(), neighbour: load, priority, durationMs }: PartOptions,
): Promise<Part> {
  const quiet = withKey(address, callers.quiet);
  const neighbour = withKey(address, callers.neighbour, priority);
  const drives = [drivenBy(quiet.stream, { load: ownLoad, durationMs })];
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

function fewCalls(): Load {
  return { kind: "open", arrivalsMs: arrivals("poisson", quietPerSecond, seededRandom(1)) };
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
