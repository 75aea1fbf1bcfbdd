/** One text a call over gRPC, side by side with text-embeddings-inference, which is built from source: see `BENCH_TEI`. */
import { once } from "node:events";
import { createConnection } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { startProcess, stopProcess } from "../lib/child.ts";
import { type GhzOptions, type GhzReport, ghzVersion, runGhz } from "../lib/ghz.ts";
import { repository } from "../lib/paths.ts";
import { freePort } from "../lib/port.ts";
import type { Claim, Context, Scenario } from "../lib/scenario.ts";
import { withServer } from "../lib/server.ts";
import { median, rounded } from "../lib/statistics.ts";
import { embedServerFlags } from "../scenarios/embedding.ts";

const callers = [1, 8, 32] as const;

const text = "The river runs past the old market, and the children feed the ducks there at noon.";

const folder = join(repository, "models", "all-minilm-l6-v2");

interface Sample {
  readonly callers: number;
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Turn {
  readonly inferd: readonly Sample[];
  readonly peer: readonly Sample[];
}

export const embeddingCallsPeers: Scenario = {
  name: "embedding-calls-peers",
  title: "One text a call, side by side with text-embeddings-inference",
  method:
    "ghz in a closed loop over one connection, on the same machine as the server; all-MiniLM-L6-v2 with the same weights, its ONNX Runtime on the same threads. In turns; ratios are the median of each turn's. BENCH_TEI names the program text-embeddings-router, built with its features ort and grpc.",
  async run(context) {
    const program = process.env["BENCH_TEI"];
    if (program === undefined) {
      throw new Error("BENCH_TEI names no text-embeddings-router");
    }
    const turns: Turn[] = [];
    for (let turn = 0; turn < (context.isSmoke ? 1 : 3); turn += 1) {
      const inferd = await withServer({ flags: embedServerFlags }, ({ address }) =>
        samples(context, {
          address,
          method: "inferd.v1.EmbeddingService/Embed",
          data: { inputs: [text] },
        }),
      );
      turns.push({ inferd, peer: await peerSamples(program, context) });
    }
    return {
      claims: callers.flatMap((count) => claimsOf(count, turns)),
      tables: [
        {
          title: "Calls a second, and the latency of one",
          columns: ["", "callers", "calls/s", "p50 ms", "p99 ms"],
          rows: [...rowsOf("inferd", turns), ...rowsOf("text-embeddings-inference", turns)],
        },
      ],
      data: { turns },
      versions: { ghz: ghzVersion() },
    };
  },
};

const aims = { 1: 1, 8: 1, 32: 1.3 } as const;

function claimsOf(count: (typeof callers)[number], turns: readonly Turn[]): readonly Claim[] {
  const place = callers.indexOf(count);
  const ratio = (figure: (sample: Sample) => number): number =>
    rounded(
      median(
        turns.map(({ inferd, peer }) => {
          const [ours, theirs] = [inferd[place], peer[place]];
          return ours === undefined || theirs === undefined ? NaN : figure(ours) / figure(theirs);
        }),
      ),
    );
  const what = `${count} ${count === 1 ? "caller" : "callers"} against text-embeddings-inference`;
  return [
    {
      what: `calls a second, ${what}`,
      value: ratio((sample) => sample.callsPerSecond),
      unit: "×",
      aim: { relation: "≥", value: aims[count] },
    },
    {
      what: `p99, ${what}`,
      value: ratio((sample) => sample.p99Ms),
      unit: "×",
      ...(count === 32 ? { aim: { relation: "≤", value: 1 } as const } : {}),
    },
  ];
}

function rowsOf(name: "inferd" | "text-embeddings-inference", turns: readonly Turn[]) {
  return callers.map((count, place) => {
    const each = turns.map((turn) => (name === "inferd" ? turn.inferd : turn.peer)[place]);
    const middle = (figure: keyof Sample): number =>
      rounded(median(each.map((sample) => sample?.[figure] ?? NaN)));
    return [name, count, middle("callsPerSecond"), middle("p50Ms"), middle("p99Ms")];
  });
}

type Target = Pick<GhzOptions, "address" | "method" | "data" | "isForeign">;

async function samples({ isSmoke, say }: Context, target: Target): Promise<readonly Sample[]> {
  const taken: Sample[] = [];
  for (const count of callers) {
    say(`${target.method}, ${count} at a time`);
    await runGhz({ ...target, callers: count, seconds: isSmoke ? 1 : 2 });
    const report = await runGhz({ ...target, callers: count, seconds: isSmoke ? 1 : 8 });
    if (report.statusCodeDistribution["OK"] !== report.count) {
      throw new Error(`not all calls succeeded: ${JSON.stringify(report.statusCodeDistribution)}`);
    }
    taken.push({
      callers: count,
      callsPerSecond: rounded(report.rps),
      p50Ms: latencyMs(report, 50),
      p99Ms: latencyMs(report, 99),
    });
  }
  return taken;
}

function latencyMs({ latencyDistribution }: GhzReport, percentage: number): number {
  const row = latencyDistribution?.find((each) => each.percentage === percentage);
  return rounded((row?.latency ?? NaN) / 1e6);
}

async function peerSamples(program: string, context: Context): Promise<readonly Sample[]> {
  const port = await freePort();
  const child = startProcess(
    program,
    [
      ...["--model-id", folder, "--hostname", "127.0.0.1", "--port", String(port)],
      ...["--pooling", "mean", "--prometheus-port", String(await freePort())],
    ],
    { stdio: "ignore" },
  );
  try {
    await accepts(port, () => child.exitCode === null);
    return await samples(context, {
      address: `127.0.0.1:${port}`,
      method: "tei.v1.Embed/Embed",
      data: { inputs: text },
      isForeign: true,
    });
  } finally {
    await stopProcess(child);
  }
}

/** It opens its port once its model is loaded. */
async function accepts(port: number, isAlive: () => boolean): Promise<void> {
  for (;;) {
    if (!isAlive()) throw new Error("text-embeddings-router could not be started");
    const socket = createConnection({ host: "127.0.0.1", port });
    try {
      await once(socket, "connect");
      return;
    } catch {
      await wait(100);
    } finally {
      socket.destroy();
    }
  }
}
