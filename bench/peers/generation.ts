import { randomModel } from "../lib/model.ts";
import type { Claim, Context, Scenario, Table } from "../lib/scenario.ts";
import { median, rounded } from "../lib/statistics.ts";
import {
  contextTokens,
  inferdWaves,
  measureWaves,
  shape,
  streamCounts,
  streamsText,
  type Wave,
} from "../scenarios/generation.ts";
import {
  batchedBench,
  type Programs,
  programsAsBuilt,
  programsOnPrebuilt,
  programsVersion,
  threads,
} from "./llama.ts";
import { withLlamaServer } from "./llama-server.ts";

const systems = ["inferd", "llama-batched-bench", "llama-server", "native"] as const;

type System = (typeof systems)[number];

/** Output tokens a second of one turn, by number of streams: the median of its waves. */
type Rates = Readonly<Record<string, number>>;

interface Turn {
  readonly rates: Readonly<Record<System, Rates>>;
  readonly firstTokenMs: Readonly<Record<"inferd" | "llama-server", Rates>>;
}

export const generationPeers: Scenario = {
  name: "generation-peers",
  title: "Tokens a second, side by side with llama.cpp's own programs",
  method: `Model of 0.6B shape (random weights, Q4_0), ${threads} threads, the same prebuilt libllama for all; prompts of ${shape.promptTokens} tokens, ${shape.newTokens} new tokens, contexts of ${contextTokens} tokens, all streams begin together; output tokens over the whole time, prompts included. inferd is asked over gRPC, llama-server over HTTP, both with the same sampling; llama-batched-bench calls the library in process and samples nothing, so it is the limit. One after the other in turns whose order changes; ratios are the median of each turn's.`,
  async run(context) {
    const peers = { prebuilt: programsOnPrebuilt(), native: programsAsBuilt() };
    const turns: Turn[] = [];
    const count = context.isSmoke ? 1 : 5;
    for (let turn = 0; turn < count; turn += 1) {
      context.say(`turn ${turn + 1} of ${count}`);
      turns.push(await takeTurn(context, turn, peers));
    }
    return {
      claims: [
        ...streamCounts.map((streams) => limitClaim(turns, streams)),
        ...streamCounts.map((streams) => serverClaim(turns, streams)),
      ],
      tables: tables(turns),
      data: { turns },
      versions: { "llama.cpp programs": await programsVersion(peers.prebuilt) },
    };
  },
};

interface Peers {
  readonly prebuilt: Programs;
  readonly native: Programs;
}

/** What is known of every system; one that sends nothing to anybody has no first token to time. */
type Sample = Pick<Wave, "streams" | "tokensPerSecond"> & { readonly firstTokenMs?: number };

/** Every system once; who is first changes, so that none always has the cooler machine. */
async function takeTurn(context: Context, turn: number, peers: Peers): Promise<Turn> {
  const samples: Partial<Record<System, readonly Sample[]>> = {};
  for (let place = 0; place < systems.length; place += 1) {
    const system = systems[(turn + place) % systems.length] ?? "inferd";
    samples[system] = await samplesOf(system, context, peers);
  }
  const medians = (system: System, figure: (sample: Sample) => number | undefined): Rates =>
    byStreams((streams) => {
      const some = (samples[system] ?? []).filter((sample) => sample.streams === streams);
      return median(some.map((sample) => figure(sample) ?? NaN));
    });
  const rates = (system: System): Rates => medians(system, (sample) => sample.tokensPerSecond);
  const firsts = (system: System): Rates => medians(system, (sample) => sample.firstTokenMs);
  return {
    rates: {
      inferd: rates("inferd"),
      "llama-batched-bench": rates("llama-batched-bench"),
      "llama-server": rates("llama-server"),
      native: rates("native"),
    },
    firstTokenMs: { inferd: firsts("inferd"), "llama-server": firsts("llama-server") },
  };
}

async function samplesOf(
  system: System,
  context: Context,
  peers: Peers,
): Promise<readonly Sample[]> {
  // Once a turn: what is compared lies close in time, and turns are many instead.
  const count = 1;
  switch (system) {
    case "inferd":
      return inferdWaves(context, count);
    case "llama-server": {
      const model = randomModel(context);
      const options = { model, slots: 16, contextTokens, temperature: shape.temperature };
      return withLlamaServer(peers.prebuilt, options, ({ stream }) =>
        measureWaves(stream, { count, name: system, say: context.say }),
      );
    }
    case "llama-batched-bench":
      return benchSamples(peers.prebuilt, { context, count, name: system });
    case "native":
      return benchSamples(peers.native, { context, count, name: `${system} llama-batched-bench` });
  }
}

async function benchSamples(
  programs: Programs,
  {
    context,
    count,
    name,
  }: { readonly context: Context; readonly count: number; readonly name: string },
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (const streams of streamCounts) {
    context.say(`${name}: ${streamsText(streams)}`);
    const { promptTokens, newTokens } = shape;
    const model = randomModel(context);
    const load = { model, promptTokens, newTokens, streams, repeats: count };
    const rates = await batchedBench(programs, load);
    samples.push(...rates.map((tokensPerSecond) => ({ streams, tokensPerSecond })));
  }
  return samples;
}

const byStreams = (figure: (streams: number) => number): Rates =>
  Object.fromEntries(streamCounts.map((streams) => [streams, rounded(figure(streams))]));

function ratio(turns: readonly Turn[], peer: System, streams: number): number {
  const each = turns.map(
    ({ rates }) => (rates.inferd[streams] ?? NaN) / (rates[peer][streams] ?? NaN),
  );
  return rounded(median(each));
}

function limitClaim(turns: readonly Turn[], streams: number): Claim {
  return {
    what: `generation against the limit, llama-batched-bench, ${streamsText(streams)}`,
    value: ratio(turns, "llama-batched-bench", streams),
    unit: "×",
    aim: { relation: "≥", value: 0.9 },
  };
}

function serverClaim(turns: readonly Turn[], streams: number): Claim {
  return {
    what: `generation against llama-server, ${streamsText(streams)}`,
    value: ratio(turns, "llama-server", streams),
    unit: "×",
  };
}

function tables(turns: readonly Turn[]): readonly Table[] {
  const columns = ["", ...streamCounts.map(streamsText)];
  const row = (name: string, figures: (turn: Turn) => Rates): readonly (string | number)[] => [
    name,
    ...streamCounts.map((streams) =>
      rounded(median(turns.map((turn) => figures(turn)[streams] ?? NaN))),
    ),
  ];
  return [
    {
      title: "Output tokens a second, prompts included",
      columns,
      rows: [
        row("inferd", ({ rates }) => rates.inferd),
        row("llama-batched-bench, the limit", ({ rates }) => rates["llama-batched-bench"]),
        row("llama-server", ({ rates }) => rates["llama-server"]),
        row("llama-batched-bench, library built for this CPU", ({ rates }) => rates.native),
      ],
    },
    {
      title: "Milliseconds to the first token, the median stream's",
      columns,
      rows: [
        row("inferd", ({ firstTokenMs }) => firstTokenMs.inferd),
        row("llama-server", ({ firstTokenMs }) => firstTokenMs["llama-server"]),
      ],
    },
  ];
}
