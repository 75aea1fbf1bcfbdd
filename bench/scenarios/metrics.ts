import { openInferd } from "../load/inferd.ts";
import { assertNoErrors, measure } from "../load/measure.ts";
import { requests } from "../load/requests.ts";
import type { StreamTarget } from "../load/target.ts";
import { freePort } from "../lib/port.ts";
import { cpuMs } from "../lib/process.ts";
import type { Context, Scenario } from "../lib/scenario.ts";
import { type ServerProcess, withServer } from "../lib/server.ts";
import { median, rounded } from "../lib/statistics.ts";

const streams = 16;
const everyMs = 50;
const ways = ["without metrics", "with metrics", `scraped every ${everyMs} ms`] as const;

interface Sample {
  readonly way: (typeof ways)[number];
  readonly tokensPerSecond: number;
  /** CPU time of the process that speaks gRPC, for each token. */
  readonly frontMicroseconds: number;
  readonly scrapes: number;
}

export const metricsCost: Scenario = {
  name: "metrics",
  title: "What metrics cost",
  method: `${streams} streams of inferd-demo, whose tokens are so cheap that the front's work shows most; in turns without a metrics port, with one, and with one that is scraped every ${everyMs} ms. The medians of several turns. A scrape costs less than a run differs from the next: of more than 100 %, only that nothing was lost is to be read.`,
  async run(context) {
    const samples = await allSamples(context);
    const of = (way: string, figure: (sample: Sample) => number): number =>
      median(samples.filter((sample) => sample.way === way).map(figure));
    const speeds = ways.map((way) => of(way, ({ tokensPerSecond }) => tokensPerSecond));
    const [plain = NaN, , scraped = NaN] = speeds;
    return {
      claims: [
        {
          what: "tokens a second while scraped, of those without metrics",
          value: rounded((scraped / plain) * 100),
          unit: "%",
          aim: { relation: "≥", value: 97 },
        },
      ],
      tables: [
        {
          title: "Metrics and speed",
          columns: ["", "tokens/s", "front CPU, µs a token"],
          rows: ways.map((way, index) => [
            way,
            rounded(speeds[index] ?? NaN),
            rounded(of(way, ({ frontMicroseconds }) => frontMicroseconds)),
          ]),
        },
      ],
      data: { samples },
    };
  },
};

async function allSamples(context: Context): Promise<readonly Sample[]> {
  const port = await freePort();
  const flags = ["--metrics-port", String(port)];
  return withServer({ flags: [] }, (plain) =>
    withServer({ flags }, async (metered) => {
      const samples: Sample[] = [];
      for (let turn = 0; turn < (context.isSmoke ? 1 : 5); turn += 1) {
        context.say(`turn ${turn + 1}`);
        samples.push(await sample(plain, ways[0], context));
        samples.push(await sample(metered, ways[1], context));
        samples.push(await sample(metered, ways[2], context, port));
      }
      return samples;
    }),
  );
}

async function sample(
  { address, front }: ServerProcess,
  way: Sample["way"],
  context: Context,
  port?: number,
): Promise<Sample> {
  const target = openInferd({ address, model: "", temperature: 0.8, connections: 1 });
  const scraper = port === undefined ? undefined : scrape(port);
  const before = cpuMs(front);
  try {
    const load = await run(target.stream, context.isSmoke ? 4000 : 8000);
    const frontMs = cpuMs(front) - before;
    return {
      way,
      tokensPerSecond: load.tokensPerSecond,
      frontMicroseconds: (frontMs * 1000) / load.tokens,
      scrapes: scraper?.stop() ?? 0,
    };
  } finally {
    scraper?.stop();
    target.close();
  }
}

async function run(target: StreamTarget, durationMs: number) {
  const load = await measure(target, {
    load: { kind: "closed", streams },
    calls: Infinity,
    durationMs,
    request: requests({
      prompt: { kind: "words", words: { least: 10, most: 20 } },
      // Lengths differ, or all calls would begin and end together.
      newTokens: { least: 48, most: 144 },
      seed: 1,
    }),
  });
  assertNoErrors(load);
  return load;
}

/** Asks on time, whether the answer before has come or not. */
function scrape(port: number): { readonly stop: () => number } {
  let scrapes = 0;
  const timer = setInterval(() => {
    void fetch(`http://127.0.0.1:${port}/metrics`)
      .then((response) => response.text())
      .then(() => (scrapes += 1));
  }, everyMs);
  return {
    stop: () => {
      clearInterval(timer);
      return scrapes;
    },
  };
}
