import { openInferd } from "../load/inferd.ts";
import { assertNoErrors, assertRead, measure } from "../load/measure.ts";
import { exactly, requests } from "../load/requests.ts";
import type { StreamTarget } from "../load/target.ts";
import { manifestFor, randomModel } from "../lib/model.ts";
import type { Context, Scenario, Table } from "../lib/scenario.ts";
import { withServer } from "../lib/server.ts";
import { median, rounded } from "../lib/statistics.ts";

/** Streams at once. */
export const streamCounts = [1, 4, 16] as const;

export const streamsText = (streams: number): string =>
  streams === 1 ? "1 stream" : `${streams} streams`;

/** What every call does, to inferd and to its peers. */
export const shape = { promptTokens: 47, newTokens: 64, temperature: 0.8 } as const;

/** One wave: so many calls that begin together, timed from the first one's start to the last one's end. */
export interface Wave {
  readonly streams: number;
  readonly tokensPerSecond: number;
  readonly firstTokenMs: number;
  readonly gapP99Ms: number;
  readonly clientCpuPercent: number;
}

export const generation: Scenario = {
  name: "generation",
  title: "Tokens a second at 1, 4 and 16 streams",
  method: `Model of 0.6B shape (random weights, Q4_0); prompts of ${shape.promptTokens} tokens, ${shape.newTokens} new tokens, all streams of a wave begin together; output tokens over the whole time, prompts included. The medians of several waves.`,
  async run(context) {
    const waves = await inferdWaves(context, context.isSmoke ? 1 : 6);
    return { claims: [], tables: waveTables([["inferd", waves]]), data: { inferd: waves } };
  },
};

/** The context that inferd and llama-server give each of 16 sequences, told to both. */
export const contextTokens = 512;

export async function inferdWaves(context: Context, count: number): Promise<readonly Wave[]> {
  const flags = ["--model", manifestFor(randomModel(context), { slots: 16, contextTokens })];
  return withServer({ flags }, async ({ address }) => {
    const { temperature } = shape;
    const target = openInferd({ address, model: "", temperature, connections: 1 });
    try {
      return await measureWaves(target.stream, { count, say: context.say, name: "inferd" });
    } finally {
      target.close();
    }
  });
}

export interface WaveOptions {
  /** Waves of each number of streams. */
  readonly count: number;
  readonly name: string;
  readonly say: (text: string) => void;
  /** Other seeds have other prompts, so that one server can be measured twice. Zero where it is left out. */
  readonly seed?: number;
}

export async function measureWaves(
  target: StreamTarget,
  options: WaveOptions,
): Promise<readonly Wave[]> {
  const waves: Wave[] = [];
  const firstSeed = (options.seed ?? 0) * 100_000;
  // The first call of all pages the weights in.
  await wave(target, 1, firstSeed);
  for (const streams of streamCounts) {
    options.say(`${options.name}: ${streamsText(streams)}`);
    for (let turn = 0; turn < options.count; turn += 1) {
      waves.push(await wave(target, streams, firstSeed + 1 + turn + streams * 1000));
    }
  }
  return waves;
}

async function wave(target: StreamTarget, streams: number, seed: number): Promise<Wave> {
  const measured = await measure(target, {
    load: { kind: "closed", streams },
    calls: streams,
    durationMs: Infinity,
    request: requests({
      prompt: { kind: "tokens", tokens: exactly(shape.promptTokens) },
      newTokens: exactly(shape.newTokens),
      seed,
    }),
  });
  assertNoErrors(measured);
  // By the servers' own counts: llama-server sends no ids for tokens whose text it still holds back.
  const tokens = streams * shape.newTokens;
  if (measured.completionTokens !== tokens) {
    throw new Error(`${measured.completionTokens} tokens were generated, not ${tokens}`);
  }
  assertRead(measured);
  return {
    streams,
    tokensPerSecond: tokens / (measured.elapsedMs / 1000),
    firstTokenMs: measured.timeToFirstTokenMs?.p50 ?? NaN,
    gapP99Ms: measured.gapMs?.p99 ?? NaN,
    clientCpuPercent: measured.client.cpuPercent,
  };
}

type Named = readonly (readonly [name: string, waves: readonly Wave[]])[];

export function waveTables(systems: Named): readonly Table[] {
  const table = (title: string, figure: (wave: Wave) => number): Table => {
    return {
      title,
      columns: ["", ...streamCounts.map(streamsText)],
      rows: systems.map(([name, waves]) => [
        name,
        ...streamCounts.map((streams) => medianOf(waves, streams, figure)),
      ]),
    };
  };
  return [
    table("Output tokens a second, prompts included", (wave) => wave.tokensPerSecond),
    table("Milliseconds to the first token, the median stream's", (wave) => wave.firstTokenMs),
  ];
}

export function medianOf(
  waves: readonly Wave[],
  streams: number,
  figure: (wave: Wave) => number,
): number {
  return rounded(median(waves.filter((wave) => wave.streams === streams).map(figure)));
}
