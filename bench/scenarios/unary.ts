import { join } from "node:path";
import { type GhzReport, ghzVersion, keepGhz, runGhz } from "../lib/ghz.ts";
import { cacheFolder, resultsFolder } from "../lib/paths.ts";
import { cpuMs } from "../lib/process.ts";
import type { Context, Scenario } from "../lib/scenario.ts";
import { type ServerProcess, withServer } from "../lib/server.ts";
import { rounded } from "../lib/statistics.ts";

const sentence =
  "The river runs past the old market, and the children feed the ducks there at noon.";

interface Method {
  readonly name: string;
  readonly method: string;
  readonly data: unknown;
  readonly callers: number;
}

const methods: readonly Method[] = [
  { name: "server-info", method: "inferd.v1.ServerService/GetServerInfo", data: {}, callers: 50 },
  { name: "health", method: "grpc.health.v1.Health/Check", data: {}, callers: 50 },
  {
    name: "embed",
    method: "inferd.v1.EmbeddingService/Embed",
    data: { inputs: [sentence] },
    callers: 8,
  },
  {
    name: "generate",
    method: "inferd.v1.GenerationService/Generate",
    data: { prompt: "Once upon a time", sampling: { max_tokens: 16, ignore_eos: true } },
    callers: 8,
  },
];

/** More than a connection can begin: the default is below what ghz reaches with the smallest calls. */
const callsPerSecond = 1_000_000;

interface Sample {
  readonly name: string;
  readonly method: string;
  readonly callers: number;
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the process that speaks gRPC, for each call. */
  readonly frontMicroseconds: number;
}

export const unary: Scenario = {
  name: "unary",
  title: "Unary calls by ghz",
  method:
    "ghz, in a closed loop over one connection, for which the server's bound on calls a second is raised, on the same machine as the server: it competes for the cores, so calls a second are what both together reach, and microseconds of CPU in the server's front process, its log line for each call included, tell more. The models are those that come with inferd. Generate asks for 16 tokens after the same four words each time, which a prefix cache may have. ghz's own reports are in `bench/results/ghz/`, without their lists of single calls, from which their 99.9th percentile comes.",
  async run(context) {
    const flags = ["--max-calls-per-second", String(callsPerSecond)];
    const samples = await withServer({ flags }, async (server) => {
      const taken: Sample[] = [];
      for (const method of methods) taken.push(await sample(server, method, context));
      return taken;
    });
    const [info] = samples;
    if (info === undefined) throw new Error("bug: nothing was measured");
    return {
      claims: [
        { what: "GetServerInfo", value: info.callsPerSecond, unit: "calls/s" },
        { what: "CPU of the server for it", value: info.frontMicroseconds, unit: "µs a call" },
      ],
      tables: [
        {
          title: "Unary calls",
          columns: ["method", "callers", "calls/s", "p50 ms", "p99 ms", "front CPU, µs a call"],
          rows: samples.map(({ method, callers, ...figures }) => [
            `\`${method}\``,
            callers,
            figures.callsPerSecond,
            figures.p50Ms,
            figures.p99Ms,
            figures.frontMicroseconds,
          ]),
        },
      ],
      data: { samples },
      versions: { ghz: ghzVersion() },
    };
  },
};

async function sample(
  { address, front }: ServerProcess,
  method: Method,
  context: Context,
): Promise<Sample> {
  const seconds = context.isSmoke ? 1 : 10;
  context.say(`${method.method} for ${seconds} s`);
  // Code that has not run for a while is not what a busy server runs.
  await runGhz({ ...method, address, seconds: context.isSmoke ? 1 : 3 });
  const before = cpuMs(front);
  const report = await runGhz({ ...method, address, seconds });
  const frontMs = cpuMs(front) - before;
  assertAllOk(report);
  const folder = context.isSmoke ? join(cacheFolder, "smoke-results") : resultsFolder;
  keepGhz(join(folder, "ghz"), method.name, report);
  return {
    name: method.name,
    method: method.method,
    callers: method.callers,
    callsPerSecond: rounded(report.rps),
    p50Ms: latencyMs(report, 50),
    p99Ms: latencyMs(report, 99),
    frontMicroseconds: rounded((frontMs * 1000) / report.count),
  };
}

/** Failed calls are fast ones. */
function assertAllOk({ count, statusCodeDistribution }: GhzReport): void {
  if (statusCodeDistribution["OK"] === count) return;
  throw new Error(`not all calls succeeded: ${JSON.stringify(statusCodeDistribution)}`);
}

function latencyMs({ latencyDistribution }: GhzReport, wanted: number): number {
  const found = latencyDistribution?.find(({ percentage }) => percentage === wanted);
  return found === undefined ? NaN : rounded(found.latency / 1e6);
}
